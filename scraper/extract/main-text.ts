import type { Element, ParentNode } from 'domhandler'
import { textOf, walk } from './dom.ts'
import type { MainContent } from './main-content.ts'

const paragraphs = new Set(
  'p div section article main header blockquote ul ol dl table figure figcaption h1 h2 h3 h4 h5 h6 address details summary fieldset hr center'.split(' '),
)
const lines = new Set(['li', 'dt', 'dd', 'tr', 'br', 'caption'])
const headings = /^h[1-6]$/

/**
 * The text of the main content: blocks apart by an empty line, list items as `- item`, table cells apart by ` | `, code verbatim.
 * White space elsewhere is collapsed as a browser does.
 */
export function mainText({ root, isDropped, isTextDropped }: MainContent): string {
  const writer = new TextWriter()
  const layoutTables = findLayoutTables(root)
  walk(root, {
    enter(element) {
      if (isDropped(element)) return false
      if (element.name === 'pre' && !writer.inCell) return writer.verbatim(textOf(element))
      enterElement(writer, element, layoutTables)
      return true
    },
    leave: (element) => leaveElement(writer, element, layoutTables),
    text: (data, parent) => {
      if (!isTextDropped(parent)) writer.inline(data)
    },
  })
  return writer.text()
}

function enterElement(writer: TextWriter, element: Element, layoutTables: ReadonlySet<Element>): void {
  const { name } = element
  if (paragraphs.has(name)) writer.paragraph()
  else if (lines.has(name)) writer.line()
  if (name === 'li') writer.marker()
  if (name === 'td' || name === 'th') {
    if (layoutTables.has(tableOf(element) ?? element)) writer.paragraph()
    else writer.openCell()
  }
}

function leaveElement(writer: TextWriter, element: Element, layoutTables: ReadonlySet<Element>): void {
  const { name } = element
  if ((name === 'td' || name === 'th') && !layoutTables.has(tableOf(element) ?? element)) writer.closeCell()
  if (paragraphs.has(name)) writer.paragraph()
  else if (lines.has(name)) writer.line()
}

/** Tables that hold blocks are there for the layout: their cells are read as blocks. */
function findLayoutTables(root: ParentNode): Set<Element> {
  const found = new Set<Element>()
  const open: Element[] = []
  walk(root, {
    enter(element) {
      const table = open.at(-1)
      if (table && (element.name === 'table' || element.name === 'pre' || element.name === 'div' || headings.test(element.name))) found.add(table)
      if (element.name === 'table') open.push(element)
    },
    leave(element) {
      if (element.name === 'table') open.pop()
    },
  })
  return found
}

function tableOf(cell: Element): Element | undefined {
  for (let at = cell.parent, steps = 0; at && at.type === 'tag' && steps < 6; at = at.parent, steps++) if (at.name === 'table') return at
  return undefined
}

/** Collects blocks of lines of parts. Nothing is joined before its end and nothing looked at twice, so that any page costs time linear in its size. */
class TextWriter {
  inCell = 0
  readonly #blocks: string[] = []
  #lines: string[] = []
  #parts: string[] = []
  /** Whether white space that comes now would be a second one. */
  #spaced = true
  #cells = 0

  inline(data: string): void {
    const text = data.replace(/\s+/g, ' ')
    const part = this.#spaced && text.startsWith(' ') ? text.slice(1) : text
    if (part === '') return
    this.#parts.push(part)
    this.#spaced = part.endsWith(' ')
  }

  marker(): void {
    if (this.inCell > 0) return
    this.#parts = ['- ']
    this.#spaced = true
  }

  line(): void {
    if (this.inCell > 0) return this.inline(' ')
    const line = this.#parts.join('').trimEnd()
    // A list item may begin with a block: its marker waits for the text.
    if (line === '-') return
    if (/[^\s|]/.test(line)) this.#lines.push(line.replace(/(?: \|)+$/, ''))
    this.#parts = []
    this.#spaced = true
    this.#cells = 0
  }

  paragraph(): void {
    this.line()
    if (this.inCell > 0 || this.#lines.length === 0) return
    this.#blocks.push(this.#lines.join('\n'))
    this.#lines = []
  }

  verbatim(code: string): false {
    this.#parts = this.#parts.length === 1 && this.#parts[0] === '- ' ? [] : this.#parts
    this.paragraph()
    const text = code.replace(/^[ \t]*\r?\n/, '').trimEnd()
    if (text !== '') this.#blocks.push(text)
    return false
  }

  openCell(): void {
    if (this.inCell++ > 0) return
    if (this.#cells++ > 0) this.#parts.push(this.#spaced ? '| ' : ' | ')
    this.#spaced = true
  }

  closeCell(): void {
    this.inCell = Math.max(0, this.inCell - 1)
  }

  text(): string {
    this.inCell = 0
    this.#parts = this.#parts.length === 1 && this.#parts[0] === '- ' ? [] : this.#parts
    this.paragraph()
    return this.#blocks.join('\n\n')
  }
}
