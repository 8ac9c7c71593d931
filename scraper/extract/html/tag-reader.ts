const code = {
  tab: 9,
  newline: 10,
  formFeed: 12,
  carriageReturn: 13,
  space: 32,
  bang: 33,
  doubleQuote: 34,
  quote: 39,
  slash: 47,
  equals: 61,
  greater: 62,
  question: 63,
}

const isSpace = (c: number): boolean => c === code.space || c === code.newline || c === code.tab || c === code.carriageReturn || c === code.formFeed
const isLetter = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90)
const endsName = (c: number): boolean => c === code.greater || c === code.slash || isSpace(c)

/** Elements whose content is text up to their end tag, whatever it looks like. */
const rawText = new Map(
  ['script', 'style', 'title', 'textarea', 'iframe', 'noembed', 'noframes', 'xmp'].map((name) => [name, new RegExp(`</${name}(?=[\\s/>])`, 'gi')]),
)
const rawFirst = new Set([...rawText.keys()].map((name) => name.charCodeAt(0)))
const nameCharsMax = 16

/** Whether a tag begins at this `<`. */
export const opensTag = (html: string, at: number): boolean => isLetter(html.charCodeAt(at + 1))
/** Whether an end tag begins at this `<`. */
export const closesTag = (html: string, at: number): boolean => html.charCodeAt(at + 1) === code.slash && isLetter(html.charCodeAt(at + 2))

/**
 * What is no opening tag: comments, declarations, end tags, a lone `<`. In HTML `<![CDATA[` begins a comment that ends with the next `>` (HTML standard, 13.2.5.42).
 * @returns where to go on, -1 at the end of the page
 */
export function skipMarkup(html: string, at: number): number {
  const first = html.charCodeAt(at + 1)
  if (first === code.bang) return html.startsWith('--', at + 2) ? skipComment(html, at + 4) : after(html.indexOf('>', at + 2))
  return first === code.question || first === code.slash ? after(html.indexOf('>', at + 2)) : at + 1
}

export const after = (found: number): number => (found === -1 ? -1 : found + 1)

function skipComment(html: string, from: number): number {
  if (html.charCodeAt(from) === code.greater) return from + 1
  if (html.startsWith('->', from)) return from + 2
  const end = /--!?>/g
  end.lastIndex = from
  return end.exec(html) ? end.lastIndex : -1
}

/** Where the tags go on behind an opening tag, of which the content may be raw text. @param at behind the tag */
export function endOfRawText(html: string, at: number, name: string): number {
  const end = rawFirst.has(name.charCodeAt(0)) ? rawText.get(name) : undefined
  if (!end) return at
  end.lastIndex = at
  return end.exec(html)?.index ?? html.length
}

/** Reads one tag at a time; its fields are of the last. */
export class TagReader {
  /** Names in lower case, values raw (entities not decoded), the first of equal names. */
  found: Record<string, string> = {}
  isSelfClosing = false
  readonly #html: string
  readonly #attributes: ReadonlySet<string>
  #at = 0

  /** @param attributes to be read, by their names in lower case, of at most 16 characters */
  constructor(html: string, attributes: ReadonlySet<string>) {
    this.#html = html
    this.#attributes = attributes
  }

  /** The tag's name in lower case; a long one is cut, for none that long is wanted. */
  name(start: number): string {
    const html = this.#html
    let at = start
    while (at < html.length && !endsName(html.charCodeAt(at))) at++
    this.#at = at
    return html.slice(start, Math.min(at, start + nameCharsMax + 1)).toLowerCase()
  }

  /** @returns the index after `>`; -1 when the page ends first, and then there is no such tag */
  attributes(isWanted: boolean): number {
    const html = this.#html
    const { length } = html
    this.found = isWanted ? {} : this.found
    let at = this.#at
    for (;;) {
      this.isSelfClosing = false
      let c = html.charCodeAt(at)
      while (c === code.slash || isSpace(c)) {
        // `/ >` closes as well as `/>`.
        if (c === code.slash) this.isSelfClosing = true
        c = html.charCodeAt(++at)
      }
      if (at >= length) return -1
      if (c === code.greater) return at + 1
      const nameStart = at
      // A name begins with whatever stands there, `=` included.
      c = html.charCodeAt(++at)
      while (at < length && c !== code.equals && !endsName(c)) c = html.charCodeAt(++at)
      const nameEnd = at
      while (isSpace(c)) c = html.charCodeAt(++at)
      if (c !== code.equals) {
        if (isWanted) this.#keep(nameStart, nameEnd, at, at)
        continue
      }
      at = this.#value(at + 1, isWanted, nameStart, nameEnd)
      if (at === -1) return -1
    }
  }

  #value(from: number, isWanted: boolean, nameStart: number, nameEnd: number): number {
    const html = this.#html
    let at = from
    let c = html.charCodeAt(at)
    while (isSpace(c)) c = html.charCodeAt(++at)
    if (c === code.doubleQuote || c === code.quote) {
      const end = html.indexOf(c === code.quote ? "'" : '"', at + 1)
      if (end !== -1 && isWanted) this.#keep(nameStart, nameEnd, at + 1, end)
      return after(end)
    }
    const start = at
    while (at < html.length && c !== code.greater && !isSpace(c)) c = html.charCodeAt(++at)
    if (isWanted) this.#keep(nameStart, nameEnd, start, at)
    return at
  }

  #keep(nameStart: number, nameEnd: number, start: number, end: number): void {
    if (nameEnd - nameStart > nameCharsMax) return
    const name = this.#html.slice(nameStart, nameEnd).toLowerCase()
    if (this.#attributes.has(name) && this.found[name] === undefined) this.found[name] = this.#html.slice(start, end)
  }
}
