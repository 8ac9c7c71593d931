import { isText, type Element } from 'domhandler'
import { squeeze } from '../html/dom.ts'
import { hasContent, type Inline, type Mark } from './text-blocks.ts'
import { dropCapOf, dropCapWord, imageText } from './text-images.ts'
import { noteMark, notePart, shiftedText, shiftOf } from './text-shifted.ts'

const marks = new Map<string, Mark>([
  ['a', 'link'],
  ['b', 'strong'],
  ['strong', 'strong'],
  ['dt', 'strong'],
  ['summary', 'strong'],
  ['i', 'emphasis'],
  ['em', 'emphasis'],
  ['cite', 'emphasis'],
  ['var', 'emphasis'],
  ['dfn', 'emphasis'],
  ['figcaption', 'emphasis'],
  ['del', 'strike'],
  ['s', 'strike'],
  ['strike', 'strike'],
  ['code', 'code'],
  ['kbd', 'code'],
  ['samp', 'code'],
  ['tt', 'code'],
])
/** What a heading's link to itself looks like, or one back from a note. */
const permalink = /^(?:\s|[¶#§🔗⚓↩↑⤴↵⏎^]|\ufe0e|\ufe0f)*$/u
/** A cell of a table that is made of other elements. */
const cellRole = /^(?:grid)?cell$|^(?:column|row)header$/
const tailChars = 10

/** What stands in one line as it is read: of a paragraph, a heading or a cell. White space is collapsed on the way. */
export class TextLine {
  #inline: Inline[] = []
  /** Whether white space that comes now would be a second one. */
  #spaced = true
  readonly #marks: { mark: Mark; href: string; element: Element }[] = []
  /** A large first letter that waits for the rest of its word. */
  #dropCap = ''
  /** The last text of the line, but for white space. */
  #last: { kind: 'text'; text: string } | undefined
  /** Its last characters. */
  #tail = ''
  /** Whether a letter or digit that follows at once would run together with lowered text. */
  #isOpen = false

  text(data: string): void {
    const squeezed = squeeze(data)
    if (this.#dropCap !== '' && squeezed.trim() === '') return
    const text = this.#dropCap === '' ? squeezed : this.#joined(squeezed)
    const part = this.#spaced && text.startsWith(' ') ? text.slice(1) : text
    if (part === '') return
    const isGlued = this.#isOpen && /^[\p{L}\p{Nd}]/u.test(part)
    this.#isOpen = false
    this.#push(isGlued ? ` ${part}` : part)
  }

  /** @returns whether what is inside is to be read; undefined for an element that has no part in a line */
  enter(element: Element): boolean | undefined {
    const { name } = element
    const dropCap = dropCapOf(element)
    if (dropCap !== undefined) {
      this.#dropCap += dropCap
      return false
    }
    if (name === 'rp' || (name === 'rt' && isEmpty(element))) return false
    const shift = shiftOf(element)
    if (shift) return notePart(element) === 'mark' ? false : this.#shifted(element, shift)
    if (name === 'rt') this.text('(')
    else if (name === 'q') this.text('"')
    else if (name === 'a') return this.#link(element)
    else if (name === 'span') return this.#note(element)
    return undefined
  }

  leave(element: Element): void {
    const { name } = element
    if (this.#marks.at(-1)?.element === element) this.#close()
    if (name === 'rt' || (name === 'span' && notePart(element) === 'note')) this.text(')')
    else if (name === 'q') this.text('"')
  }

  /** Begins what the element marks, if it marks anything. */
  mark(element: Element): void {
    const mark = marks.get(element.name)
    if (!mark) return
    const href = mark === 'link' ? (element.attribs['href'] ?? '').trim() : ''
    if ((mark === 'link' && href === '') || this.#marks.some((open) => open.mark === mark)) return
    this.#marks.push({ mark, href, element })
    this.#inline.push({ kind: 'open', mark, href })
  }

  formula(element: Element, tex: string): void {
    this.#endDropCap()
    this.#inline.push({ kind: 'math', tex })
    this.#spaced = false
    this.#last = { kind: 'text', text: '$' }
    this.#tail = ''
    const end = element.children.at(-1)
    if (end && isText(end) && end.data.trim() === '') this.text(' ')
  }

  /** An image, or the character that one stands for. @param isShown whether one that is only to be looked at stays */
  image(element: Element, isShown: boolean): void {
    const text = imageText(element)
    if (text === undefined) {
      if (isShown) this.#image(element)
    } else if (dropCapOf(element) === undefined) this.text(text)
    else this.#dropCap += text
  }

  /** @returns whether it is the second in a row, which ends a paragraph */
  break(): boolean {
    let last = this.#inline.length - 1
    while (last >= 0 && this.#inline[last]?.kind === 'close') last--
    if (this.#inline[last]?.kind === 'break') return true
    this.#inline.push({ kind: 'break' })
    this.#spaced = true
    return false
  }

  /** Items of a list in a cell follow each other in one line. */
  item(): void {
    const last = this.#last
    if (last === undefined) return
    const end = this.#inline.at(-1)
    if (end?.kind === 'text' && end !== last) this.#inline.pop()
    last.text = last.text.trimEnd()
    this.#spaced = false
    this.text(/[.,:;!?。；：]$/u.test(last.text) ? ' ' : '; ')
  }

  /** What was read, and a new line into `next`; marks that are open go on in it. Undefined where there is nothing to see. */
  take(next: Inline[] = []): Inline[] | undefined {
    for (const { mark } of this.#marks.toReversed()) this.#inline.push({ kind: 'close', mark })
    const inline = this.#inline
    this.#inline = next
    this.#last = undefined
    this.#tail = ''
    this.#spaced = true
    for (const { mark, href } of this.#marks) next.push({ kind: 'open', mark, href })
    return hasContent(inline) ? inline : undefined
  }

  /** The last line. */
  end(): Inline[] | undefined {
    this.#endDropCap()
    return this.take()
  }

  #push(text: string): void {
    const part = { kind: 'text' as const, text }
    if (text !== ' ') this.#last = part
    this.#inline.push(part)
    this.#spaced = text.endsWith(' ')
    this.#tail = (this.#tail + text).slice(-tailChars)
  }

  /** The first letter with the rest of its word. */
  #joined(text: string): string {
    const letter = this.#dropCap
    this.#dropCap = ''
    return dropCapWord(letter, text)
  }

  /** A first letter that nothing follows at once. */
  #endDropCap(): void {
    if (this.#dropCap !== '') this.#push(this.#joined(''))
  }

  #shifted(element: Element, shift: 'sup' | 'sub'): boolean {
    const shifted = shiftedText(element, this.#before(), shift)
    if (shifted) {
      this.text(shifted.text)
      this.#isOpen = shifted.isOpen
    } else if (!this.#spaced) this.text(' ')
    return shifted === undefined
  }

  #link(element: Element): false | undefined {
    if (isPermalink(element)) return false
    const note = noteMark(element, this.#before())
    if (note === undefined) return undefined
    this.text(note)
    return false
  }

  #note(element: Element): false | undefined {
    if (cellRole.test(element.attribs['role'] ?? '')) this.text(' ')
    const part = notePart(element)
    if (part === 'note') this.text(this.#spaced ? '(' : ' (')
    return part === 'mark' ? false : undefined
  }

  /** The last characters of the word that is being read. */
  #before(): string {
    return this.#spaced ? '' : this.#tail
  }

  #image({ attribs }: Element): void {
    const src = [attribs['src'], attribs['data-src'], attribs['data-lazy-src']].find((at) => at !== undefined && at !== '' && !at.startsWith('data:'))
    if (src === undefined || attribs['width'] === '1') return
    this.#inline.push({ kind: 'image', alt: (attribs['alt'] ?? '').replace(/\s+/g, ' ').trim().slice(0, 500), src: src.trim() })
    this.#spaced = false
  }

  #close(): void {
    const open = this.#marks.pop()
    if (open) this.#inline.push({ kind: 'close', mark: open.mark })
  }
}

const isEmpty = ({ children }: Element): boolean => children.every((child) => isText(child) && child.data.trim() === '')

function isPermalink(element: Element): boolean {
  const [only, more] = element.children
  return only !== undefined && !more && isText(only) && only.data.length < 8 && permalink.test(only.data) && /^[^?]*#/.test(element.attribs['href'] ?? '')
}
