import type { Element, ParentNode } from 'domhandler'
import { walk } from '../html/dom.ts'
import type { MainContent } from '../content/main-content.ts'
import type { Container, Inline, TextBlock, TextList } from './text-blocks.ts'
import { codeOf } from './text-code.ts'
import { languageOf } from './text-code-languages.ts'
import { isBesideCode, isCodeBlock } from './text-code-signs.ts'
import { formulaOf, type Formula } from './text-formulas.ts'
import { TextLine } from './text-line.ts'
import { integer, newFillers, TableRows } from './text-table-rows.ts'
import { dataTables } from './text-tables.ts'

const blockTags = new Set(
  'p div section article main header footer aside nav blockquote ul ol dl li dt dd table tr td th caption figure figcaption h1 h2 h3 h4 h5 h6 address details summary fieldset legend center body html hgroup form dialog menu pre hr'.split(
    ' ',
  ),
)
/** Deeper quotes and lists are read as if they stood in the innermost of these: each costs its indentation on every line. */
const containersMax = 8

/** The blocks of the main content in document order. Every node is looked at once or twice, so that any page costs time linear in its size. */
export function readBlocks({ root, isDropped, isTextDropped }: Pick<MainContent, 'root' | 'isDropped' | 'isTextDropped'>): TextBlock[] {
  const reader = new BlockReader(root)
  walk(root, {
    enter(element) {
      if (isDropped(element)) return reader.leaveOut(element)
      const formula = formulaOf(element)
      if (formula) return reader.formula(element, formula)
      if (element.name === 'script' || isBesideCode(element)) return false
      if (element.name === 'img') return reader.image(element, element.parent !== null && isTextDropped(element.parent))
      if (!reader.isInLine && isCodeBlock(element)) return isTextDropped(element) ? false : reader.code(element, isDropped)
      return reader.enter(element)
    },
    leave: (element) => reader.leave(element),
    text(data, parent) {
      if (!isTextDropped(parent)) reader.text(data)
    },
  })
  return reader.end()
}

class BlockReader {
  readonly #blocks: TextBlock[] = []
  readonly #root: ParentNode
  #dataTables: Set<Element> | undefined
  readonly #line = new TextLine()
  #heading: number | undefined
  #containers: readonly Container[] = []
  readonly #containing: Element[] = []
  readonly #lists: TextList[] = []
  readonly #fillers = newFillers()
  #table: TableRows | undefined
  #inCell = false

  constructor(root: ParentNode) {
    this.#root = root
  }

  /** Whether what is read now stands in one line, so that no block can begin. */
  get isInLine(): boolean {
    return this.#inCell || this.#heading !== undefined
  }

  enter(element: Element): boolean {
    const reads = this.#line.enter(element)
    if (reads !== undefined) return reads
    if (element.name === 'br') this.#break()
    else if (blockTags.has(element.name)) this.#enterBlock(element)
    this.#line.mark(element)
    return true
  }

  leave(element: Element): void {
    this.#line.leave(element)
    if (blockTags.has(element.name)) this.#leaveBlock(element)
  }

  text(data: string): void {
    this.#line.text(data)
  }

  /** A cell that is left out keeps its place. */
  leaveOut({ name, attribs }: Element): false {
    if (this.#table && !this.#inCell && (name === 'td' || name === 'th')) this.#table.openCell(attribs)
    return false
  }

  formula(element: Element, { tex, isBlock }: Formula): false {
    if (tex !== '' && isBlock && !this.#table && this.#heading === undefined) {
      this.#flush()
      this.#blocks.push({ kind: 'math', tex, containers: this.#containers })
    } else if (tex !== '') this.#line.formula(element, tex)
    return false
  }

  image(element: Element, isTextDropped: boolean): false {
    this.#line.image(element, !isTextDropped)
    return false
  }

  code(block: Element, isDropped: (element: Element) => boolean): false {
    this.#flush()
    const code = codeOf(block, isDropped)
    if (code !== '') this.#blocks.push({ kind: 'code', language: languageOf(block), code, containers: this.#containers })
    return false
  }

  end(): TextBlock[] {
    this.#add(this.#line.end())
    return this.#blocks
  }

  #enterBlock(element: Element): void {
    const { name } = element
    if (this.#table) return this.#enterInTable(this.#table, element)
    this.#flush()
    if (name === 'blockquote') this.#contain({ kind: 'quote' }, element)
    else if (name === 'ul' || name === 'ol' || name === 'menu') this.#lists.push({ ordered: name === 'ol', next: integer(element.attribs['start'], 1) })
    else if (name === 'li') this.#item(element)
    else if (name === 'table' && this.#isData(element)) this.#table = new TableRows(element, this.#fillers)
    else if (name === 'hr') this.#blocks.push({ kind: 'rule', containers: this.#containers })
    else if (/^h[1-6]$/.test(name)) this.#heading = Number(name[1])
  }

  #leaveBlock(element: Element): void {
    const { name } = element
    if (this.#table) return this.#leaveInTable(this.#table, element)
    this.#flush()
    if (this.#containing.at(-1) === element) {
      this.#containing.pop()
      this.#containers = this.#containers.slice(0, -1)
    }
    if (name === 'ul' || name === 'ol' || name === 'menu') this.#lists.pop()
    this.#heading = undefined
  }

  /** The blocks of a cell stand in one line. */
  #enterInTable(table: TableRows, { name, attribs }: Element): void {
    if (name === 'tr') table.openRow()
    else if (name === 'td' || name === 'th') {
      this.#line.take(table.openCell(attribs))
      this.#inCell = true
    } else if (name === 'li') this.#line.item()
    else this.#line.text(' ')
  }

  #leaveInTable(table: TableRows, element: Element): void {
    const { name } = element
    if (name === 'td' || name === 'th') {
      this.#line.take()
      this.#inCell = false
    } else if (name === 'caption') this.#add(this.#line.take())
    else if (element === table.element) this.#endTable(table)
    else this.#line.text(' ')
  }

  #endTable(table: TableRows): void {
    this.#table = undefined
    this.#inCell = false
    this.#line.take()
    const rows = table.filled()
    if (rows.length > 0) this.#blocks.push({ kind: 'table', rows, columns: table.columns, containers: this.#containers })
  }

  #isData(element: Element): boolean {
    this.#dataTables ??= dataTables(this.#root)
    return this.#dataTables.has(element)
  }

  #item(element: Element): void {
    const list = this.#lists.at(-1) ?? { ordered: false, next: 1 }
    const number = integer(element.attribs['value'], list.next)
    list.next = number + 1
    this.#contain({ kind: 'item', list, number }, element)
  }

  #contain(container: Container, element: Element): void {
    if (this.#containers.length >= containersMax) return
    this.#containers = [...this.#containers, container]
    this.#containing.push(element)
  }

  /** Two line breaks in a row end a paragraph. */
  #break(): void {
    if (this.#table || this.#heading !== undefined) this.#line.text(' ')
    else if (this.#line.break()) this.#flush()
  }

  /** Ends the block that is being read. */
  #flush(): void {
    if (!this.#table) this.#add(this.#line.take())
  }

  #add(inline: Inline[] | undefined): void {
    if (!inline) return
    const block = { inline, containers: this.#containers }
    this.#blocks.push(this.#heading === undefined ? { kind: 'paragraph', ...block } : { kind: 'heading', level: this.#heading, ...block })
  }
}
