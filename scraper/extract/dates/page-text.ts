import type { Element, ParentNode } from 'domhandler'
import type { MainContent } from '../content/main-content.ts'
import type { Places } from './date-place.ts'

const partsMax = 100_000
const charsMax = 400_000
const headingsMax = 30
const headingChars = 150
/** Kept text behind so much that was cut is of another part of the page. */
const gapChars = 800
/** What is shorter says nothing of where a text begins. */
const textChars = 60
const scrapChars = 25
/** A date may stand above the title, but no farther. */
const aboveChars = 200
const aboveShare = 0.75
const typedShare = 0.8

/** Where the main text of a page stands in all of it. */
interface Region {
  start: number
  end: number
  chars: number
}

/** The visible text of a page as it is read, with what each part stands in. */
export class PageText {
  readonly #pieces: string[] = []
  #length = 0
  /** What stands between the last text and the next. */
  #gap = ''
  /** Of the texts: where they begin, and what they stand in. */
  readonly #starts: number[] = []
  readonly #parents: ParentNode[] = []
  /** Of the first headings: where each begins, and its rank. */
  readonly #headings: { element: Element; at: number; isFirst: boolean }[] = []
  #titleAt = -1
  #region: Region | undefined
  #text: string | undefined
  #isTyped = false

  get length(): number {
    return this.#length
  }

  add(data: string, parent: ParentNode): void {
    if (this.#length > charsMax || this.#starts.length >= partsMax || isBlank(data)) return
    if (this.#gap !== '') this.#pieces.push(this.#gap)
    this.#length += this.#gap.length
    this.#gap = ''
    this.#starts.push(this.#length)
    this.#parents.push(parent)
    this.#pieces.push(data)
    this.#length += data.length
  }

  /** Between two elements. */
  space(isBlock: boolean): void {
    if (isBlock) this.#gap = '\n'
    else if (this.#gap === '') this.#gap = ' '
  }

  heading(element: Element): void {
    if (this.#headings.length < headingsMax) this.#headings.push({ element, at: this.#length, isFirst: element.name === 'h1' })
  }

  /** What was read, as the page has it. A break between blocks is a line break. */
  get text(): string {
    return (this.#text ??= this.#pieces.join(''))
  }

  /**
   * To be called when all was read.
   * @param title of the page: the heading that says it is where its text begins
   */
  settle(content: MainContent, title: string, places: Places): void {
    const heading = this.#titleHeading(keyOf(title))
    if (heading) {
      this.#titleAt = heading.at
      places.title(heading.element)
    }
    this.#region = this.#mainRegion(content)
    this.#isTyped = this.#typedChars() > typedShare * this.#length
  }

  /** Whether the page is a text file in `pre`, and nothing much else: what stands in it is no code. */
  get isTyped(): boolean {
    return this.#isTyped
  }

  /** The part that a place in the text is of. @param from one before it */
  partAt(index: number, from: number): number {
    let part = from
    while ((this.#starts[part + 1] ?? Infinity) <= index) part++
    return part
  }

  parentOf(part: number): Element | undefined {
    const parent = this.#parents[part]
    return parent && 'attribs' in parent ? (parent as Element) : undefined
  }

  /** The lines after the title are where a text is dated: what that adds to a score. */
  nearTitle(at: number): number {
    if (this.#titleAt < 0) return 0
    const distance = at - this.#titleAt
    return distance >= 0 && distance < 700 ? 0.1 : 0
  }

  /** Share of the trust that a place far from the main text leaves: 1 in it, and where there is none. */
  trustAt(at: number): number {
    return this.#titleTrust(at) * this.#textTrust(at)
  }

  /** Far above its title stands what all pages of a site have: the day of the visit, say. */
  #titleTrust(at: number): number {
    return at < this.#titleAt - aboveChars ? aboveShare : 1
  }

  #textTrust(at: number): number {
    if (!this.#region) return 1
    const { start, end } = this.#region
    if (at >= start && at <= end) return 1
    if (at < start) return start - at < 500 ? 1 : start - at < 1500 ? 0.9 : 0.75
    return at - end < 250 ? 0.95 : at - end < 1000 ? 0.8 : 0.65
  }

  #titleHeading(title: string): { element: Element; at: number } | undefined {
    const { text } = this
    let [best, bestChars] = [this.#headings.find(({ isFirst }) => isFirst), 0]
    for (const heading of this.#headings) {
      const key = keyOf(
        text
          .slice(heading.at, heading.at + headingChars)
          .trimStart()
          .split('\n', 1)[0] ?? '',
      )
      if (key.length <= bestChars || key.length < 4 || !(title.includes(key) || key === title)) continue
      ;[best, bestChars] = [heading, key.length]
    }
    return best
  }

  #typedChars(): number {
    let typed = 0
    for (const [part, start] of this.#starts.entries()) {
      const parent = this.parentOf(part)
      const isIn = parent?.name === 'pre' || (parent?.parent && 'name' in parent.parent && parent.parent.name === 'pre')
      if (isIn) typed += (this.#starts[part + 1] ?? this.#length) - start
    }
    return typed
  }

  /** Of the stretches of kept text that little cut text interrupts, the longest. */
  #mainRegion(content: MainContent): Region | undefined {
    let best: Region | undefined
    let region: Region | undefined
    let cut = 0
    for (const [part, start] of this.#starts.entries()) {
      const chars = (this.#starts[part + 1] ?? this.#length) - start
      // Scraps are of what is around them.
      if (chars < scrapChars) continue
      const parent = this.parentOf(part)
      if (!parent || content.isDropped(parent) || content.isTextDropped(parent)) {
        cut += chars
        continue
      }
      if (!region || cut > gapChars) region = chars < textChars ? undefined : { start, end: start, chars: 0 }
      if (!region) continue
      cut = 0
      region.end = start + chars
      region.chars += chars
      if (!best || region.chars > best.chars) best = region
    }
    return best
  }
}

const keyOf = (text: string): string =>
  text
    .slice(0, headingChars)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '')

function isBlank(data: string): boolean {
  for (let i = 0; i < data.length; i++) if (data.charCodeAt(i) > 32) return false
  return true
}
