import { isTag, isText, type ChildNode, type Element, type ParentNode } from 'domhandler'
import { firstNodes, walk } from '../html/dom.ts'
import { isCodeLine, isNoCode } from './text-code-signs.ts'
import { shiftedText } from './text-shifted.ts'

const lineTags = new Set(['div', 'p', 'li', 'tr'])
/** White space with a line feed is code inside these; elsewhere in a box it is how the page is written. */
const verbatimTags = new Set(['pre', 'code', 'xmp', 'listing', 'span'])
/** So far one looks for the code inside a `<pre>`. */
const headNodes = 60
const headChars = 60

/** The code of a block as it stands, without the numbers of its lines, buttons and the head of its box. Empty when there are only those. */
export function codeOf(block: Element, isDropped: (element: Element) => boolean): string {
  const root = onlyCode(block) ?? editorIn(block) ?? block
  const numbered = numberedLines(root)
  const reader = new CodeReader(root)
  walk(root, {
    enter(element) {
      if (isDropped(element) || isNoCode(element) || (numbered !== undefined && element.parent?.parent === numbered && isLineNumber(element))) return false
      return reader.enter(element)
    },
    leave: (element) => reader.leave(element),
    text: (data) => reader.read(data),
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
  #verbatim: number
  readonly #isLoose: boolean
  /** Whether a line break came last. */
  #isBroken = false

  constructor({ name }: Element) {
    this.#isLoose = name === 'code'
    this.#verbatim = verbatimTags.has(name) ? 1 : 0
  }

  read(data: string): void {
    // Without `<pre>` the line feed behind a line break is how the page is written.
    const text = this.#isLoose && this.#isBroken ? data.replace(/^\r?\n/, '') : data
    this.#isBroken = false
    if (this.#verbatim > 0 || !text.includes('\n') || text.trim() !== '') this.add(text)
  }

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
    this.#isBroken = name === 'br'
    if (name === 'sup' || name === 'sub') {
      const shifted = shiftedText(element, this.#last.slice(-8), name)
      if (shifted) this.add(shifted.text)
      return shifted === undefined
    }
    if (verbatimTags.has(name)) this.#verbatim++
    if (!isLine(element)) return true
    // Lines that follow each other at once, like those of a grid.
    if (this.#line && !this.#line.isEnded && this.#line.element === previousTag(element)) this.add('\n')
    else if (isBlock(element) && !this.#last.endsWith('\n')) this.add('\n')
    this.#begun.push(this.#parts.length)
    return true
  }

  leave(element: Element): void {
    if (verbatimTags.has(element.name)) this.#verbatim--
    if (!isLine(element)) return
    const begun = this.#begun.pop() ?? 0
    const isEnded = this.#parts.length > begun && this.#last.endsWith('\n')
    this.#line = { element, isEnded }
    this.#isDue = isBlock(element) && !this.#last.endsWith('\n')
  }

  text(): string {
    return this.#parts.join('')
  }
}

const isLine = (element: Element): boolean => isBlock(element) || isCodeLine(element)

/** What is shown on lines of its own, by its name, its style or its class. */
function isBlock({ name, attribs }: Element): boolean {
  if (lineTags.has(name)) return true
  const { style, class: classes } = attribs
  return (style !== undefined && /display\s*:\s*(?:block|flex|grid)/i.test(style.slice(0, 300))) || classes === 'gatsby-highlight-code-line'
}

/** The element right before, with nothing between. */
const previousTag = ({ name, prev }: Element): Element | undefined => {
  const between = name === 'tr' || name === 'li' ? /^\s*$/ : /^[ \t]*$/
  const before = prev && isText(prev) && between.test(prev.data.slice(0, 100)) ? prev.prev : prev
  return before && isTag(before) ? before : undefined
}

/** The `<code>` inside a `<pre>`, if all else in it is the head of its box: a button, the name of the language or of the file. */
function onlyCode(pre: Element): Element | undefined {
  if (pre.name !== 'pre') return undefined
  let head = ''
  let code: Element | undefined
  for (const node of firstNodes(pre, headNodes)) {
    if (isTag(node) && node.name === 'code') code = node
    if (code) break
    if (isText(node) && node.data.trim() !== '') {
      if (node.parent === pre || node.data.length > headChars) return undefined
      head += `${node.data.trim()} `
    }
  }
  if (!code || head.length > headChars) return undefined
  for (let at: ParentNode | null = code; at && at !== pre; at = at.parent)
    for (let next = at.next; next; next = next.next) if (holdsText(next)) return undefined
  return code
}

function holdsText(node: ChildNode): boolean {
  if (isText(node)) return node.data.trim() !== ''
  if (!isTag(node) || isNoCode(node)) return false
  if (node.name === 'code') return true
  for (const inner of firstNodes(node, headNodes))
    if (isText(inner) && inner.data.trim() !== '' && (inner.parent as Element | null)?.name !== 'button') return true
  return false
}

/** An editor in a block: what surrounds its text are its tools. */
function editorIn(block: Element): Element | undefined {
  for (const node of firstNodes(block, 60))
    if (isTag(node) && /(?:^|\s)(?:cm-content|CodeMirror-code|ace_text-layer)(?=$|\s)/.test(node.attribs['class'] ?? '')) return node
  return undefined
}

/** What holds lines of which each begins with an element that has nothing but its number. */
function numberedLines(root: Element): ParentNode | undefined {
  for (const node of firstNodes(root, 40)) {
    if (!isTag(node) || !isLineNumber(node) || !node.parent?.parent) continue
    const lines = node.parent.parent.children.filter((child) => isTag(child)).slice(0, 3)
    const numbers = lines.map((line) => numberOf(line.children.find((child) => isTag(child))))
    if (lines.length > 1 && numbers.every((number, i) => number === (numbers[0] ?? NaN) + i)) return node.parent.parent
  }
  return undefined
}

/** The first element of its line, with a number alone. */
const isLineNumber = (element: Element): boolean => element.parent?.children.find((child) => isTag(child)) === element && numberOf(element) !== undefined

function numberOf(element: Element | undefined): number | undefined {
  const [only, more] = element?.children ?? []
  return only && !more && isText(only) && /^\s*\d{1,6}\s*$/.test(only.data) ? Number(only.data) : undefined
}

/** The first lines count up by one: a column of numbers beside the code. */
function isLineNumbers(code: string): boolean {
  const lines = code.slice(0, 200).split('\n', 4)
  const first = Number(lines[0])
  return lines.length > 2 && Number.isInteger(first) && lines.slice(0, 3).every((line, i) => line.trim() === String(first + i))
}
