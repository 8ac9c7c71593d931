import type { Element, ParentNode } from 'domhandler'
import { collapse, textOf, walk } from './dom.ts'
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
export function mainText({ root, isDropped }: MainContent): string {
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
    text: (data) => writer.inline(data),
  })
  return writer.text()
}

function enterElement(writer: TextWriter, element: Element, layoutTables: ReadonlySet<Element>): void {
  const { name } = element
  if (paragraphs.has(name)) writer.paragraph()
  else if (lines.has(name)) writer.line()
  if (name === 'li') writer.marker('- ')
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

class TextWriter {
  inCell = 0
  readonly #blocks: string[] = []
  #current = ''
  #cells = 0

  inline(data: string): void {
    const text = data.replace(/[\s]+/g, ' ')
    this.#current += this.#current === '' || /\s$/.test(this.#current) ? text.replace(/^ /, '') : text
  }

  marker(text: string): void {
    if (this.inCell === 0) this.#current += text
  }

  line(): void {
    if (this.inCell > 0) this.inline(' ')
    else if (/\S/.test(this.#current.slice(-200)) && !this.#current.endsWith('\n')) {
      this.#current = `${this.#current.replace(/[ |]+$/, '')}\n`
      this.#cells = 0
    }
  }

  paragraph(): void {
    if (this.inCell > 0) return this.inline(' ')
    const block = this.#current.replace(/(?:^|\n)- (?=\n|$)/g, '').trim()
    // A list item may hold a block: its marker waits for the text.
    if (block === '-') return
    if (block !== '') this.#blocks.push(block)
    this.#current = ''
    this.#cells = 0
  }

  verbatim(code: string): false {
    this.paragraph()
    const text = code.replace(/^\s*\n/, '').trimEnd()
    if (text !== '') this.#blocks.push(text)
    this.#current = ''
    return false
  }

  openCell(): void {
    if (this.inCell === 0 && this.#cells++ > 0) this.#current = `${this.#current.trimEnd()} | `
    this.inCell++
  }

  closeCell(): void {
    this.inCell = Math.max(0, this.inCell - 1)
  }

  text(): string {
    this.paragraph()
    if (collapse(this.#current) !== '' && this.#current.trim() !== '-') this.#blocks.push(this.#current.trim())
    return this.#blocks.join('\n\n')
  }
}
