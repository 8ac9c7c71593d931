/** One opening tag of interest, as it stands in the page: names of attributes of interest in lower case, values raw (entities not decoded), the first of equal names. */
export interface ScannedTag {
  name: string
  attributes: Record<string, string>
  /** From `<` to `>`, both included. */
  source: string
}

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
  less: 60,
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
const nameCharsMax = 12

/** What is read: tags and attributes by their names, in lower case, of at most 12 characters. */
export interface Wanted {
  tags: ReadonlySet<string>
  attributes: ReadonlySet<string>
}

/**
 * Walks the tags of a page without building a tree: tokenized as htmlparser2 does it (comments, raw text, quotes, duplicate attributes), in one pass over
 * the text. Only `wanted` tags have their attributes read; `see` gets them in document order and ends the walk by returning false.
 */
export function scanTags(html: string, wanted: Wanted, see: (tag: ScannedTag) => boolean | void): void {
  const reader = new TagReader(html, wanted.attributes)
  let svgDepth = 0
  for (let at = html.indexOf('<'); at !== -1; at = html.indexOf('<', at)) {
    const first = html.charCodeAt(at + 1)
    if (!isLetter(first)) {
      if (first === code.slash && svgDepth > 0 && /^<\/svg[\s/>]/i.test(html.slice(at, at + 6))) svgDepth--
      at = skipOther(html, at, first)
      if (at === -1) return
      continue
    }
    const name = reader.name(at + 1)
    const isWanted = wanted.tags.has(name)
    const end = reader.attributes(isWanted)
    if (end === -1) return
    if (isWanted && see({ name, attributes: reader.found, source: html.slice(at, end) }) === false) return
    at = end
    if (name === 'svg' && !reader.isSelfClosing) svgDepth++
    else if (name === 'plaintext') return
    else if (rawFirst.has(first | 0x20) && !(svgDepth > 0 && reader.isSelfClosing)) at = endOfRawText(html, end, name)
  }
}

/** What is no opening tag: comments, declarations, closing tags, a lone `<`. @returns where to go on, -1 at the end of the page */
function skipOther(html: string, at: number, first: number): number {
  if (first === code.bang) return skipDeclaration(html, at)
  if (first === code.question) return after(html.indexOf('>', at + 2))
  if (first === code.slash) return isLetter(html.charCodeAt(at + 2)) ? after(html.indexOf('>', at + 3)) : after(html.indexOf('>', at + 2))
  return at + 1
}

const after = (found: number): number => (found === -1 ? -1 : found + 1)

function skipDeclaration(html: string, at: number): number {
  if (html.startsWith('<!--', at)) {
    if (html.charCodeAt(at + 4) === code.greater) return at + 5
    if (html.startsWith('->', at + 4)) return at + 6
    const end = /--!?>/g
    end.lastIndex = at + 4
    return end.exec(html) ? end.lastIndex : -1
  }
  if (html.startsWith('<![CDATA[', at)) return html.indexOf(']]>', at + 9) === -1 ? -1 : html.indexOf(']]>', at + 9) + 3
  return after(html.indexOf('>', at + 2))
}

function endOfRawText(html: string, at: number, name: string): number {
  const end = rawText.get(name)
  if (!end) return at
  end.lastIndex = at
  return end.exec(html)?.index ?? html.length
}

/** Reads one tag at a time; its fields are of the last. */
class TagReader {
  found: Record<string, string> = {}
  isSelfClosing = false
  readonly #html: string
  readonly #attributes: ReadonlySet<string>
  #at = 0

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
