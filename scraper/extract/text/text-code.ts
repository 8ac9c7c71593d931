import { isTag, isText, type Element } from 'domhandler'
import { walk } from '../html/dom.ts'
import { isCodeLine, isNoCode } from './text-code-signs.ts'
import { shiftedText } from './text-shifted.ts'

const lineTags = new Set(['div', 'p', 'li', 'tr'])
/** White space in these is none of the code. */
const rowTags = new Set(['table', 'thead', 'tbody', 'tr', 'ol', 'ul'])
/** What may stand beside the only `<code>` of a `<pre>`: the head of the box. */
const headTags = new Set(['div', 'span', 'figcaption', 'header', 'button', 'p', 'a', 'svg'])

/** The code of a block as it stands, without the numbers of its lines, buttons and the head of its box. Empty when there are only those. */
export function codeOf(block: Element, isDropped: (element: Element) => boolean): string {
  const reader = new CodeReader()
  walk(onlyCode(block) ?? block, {
    enter(element) {
      if (isDropped(element) || isNoCode(element)) return false
      return reader.enter(element)
    },
    leave: (element) => reader.leave(element),
    text(data, parent) {
      if (!isTag(parent) || !rowTags.has(parent.name)) reader.add(data)
    },
  })
  const code = reader
    .text()
    .replace(/\r\n?/g, '\n')
    .replace(/^(?:[ \t]*\n)+/, '')
    .trimEnd()
  return isLineNumbers(code) ? '' : code
}

class CodeReader {
  readonly #parts: string[] = []
  #last = '\n'
  /** Whether a line ended that is yet without its line feed. */
  #isDue = false
  /** The last line that ended, and whether the text in it did so by a line feed of its own. */
  #line: { element: Element; isEnded: boolean } | undefined
  /** How many pieces of text there were when each line began. */
  readonly #begun: number[] = []

  add(text: string): void {
    if (text === '') return
    if (this.#isDue && !text.startsWith('\n')) this.#parts.push('\n')
    this.#isDue = false
    this.#parts.push(text)
    this.#last = text
  }

  enter(element: Element): boolean {
    const { name } = element
    if (name === 'br') this.add('\n')
    if (name === 'sup' || name === 'sub') {
      const shifted = shiftedText(element, this.#last.slice(-8))
      if (shifted) this.add(shifted.text)
      return shifted === undefined
    }
    if (!isLine(element)) return true
    // Lines that follow each other at once, like those of a grid.
    if (this.#line && !this.#line.isEnded && this.#line.element === previousTag(element)) this.add('\n')
    else if (lineTags.has(name) && !this.#last.endsWith('\n')) this.add('\n')
    this.#begun.push(this.#parts.length)
    return true
  }

  leave(element: Element): void {
    if (!isLine(element)) return
    const begun = this.#begun.pop() ?? 0
    const isEnded = this.#parts.length > begun && this.#last.endsWith('\n')
    this.#line = { element, isEnded }
    this.#isDue = lineTags.has(element.name) && !this.#last.endsWith('\n')
  }

  text(): string {
    return this.#parts.join('')
  }
}

const isLine = (element: Element): boolean => lineTags.has(element.name) || isCodeLine(element)

/** The element right before, with nothing between. */
const previousTag = ({ name, prev }: Element): Element | undefined => {
  const between = name === 'tr' || name === 'li' ? /^\s*$/ : /^[ \t]*$/
  const before = prev && isText(prev) && between.test(prev.data.slice(0, 100)) ? prev.prev : prev
  return before && isTag(before) ? before : undefined
}

/** The only `<code>` of a `<pre>`, if all else in it is the head of its box. */
function onlyCode({ name, children }: Element): Element | undefined {
  if (name !== 'pre' || children.length > 20) return undefined
  let found: Element | undefined
  for (const child of children) {
    if (isText(child)) {
      if (child.data.trim() !== '') return undefined
    } else if (!isTag(child) || (child.name === 'code' && found) || (child.name !== 'code' && !headTags.has(child.name))) return undefined
    else if (child.name === 'code') found = child
  }
  return found
}

/** The first lines count up by one: a column of numbers beside the code. */
function isLineNumbers(code: string): boolean {
  const lines = code.slice(0, 200).split('\n', 4)
  const first = Number(lines[0])
  return lines.length > 2 && Number.isInteger(first) && lines.slice(0, 3).every((line, i) => line.trim() === String(first + i))
}
