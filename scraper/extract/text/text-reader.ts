import { isText, type Element, type ParentNode } from 'domhandler'
import { squeeze, walk } from '../html/dom.ts'
import type { MainContent } from '../content/main-content.ts'
import { hasContent, type Container, type Inline, type Mark, type TextBlock, type TextList } from './text-blocks.ts'
import { codeOf } from './text-code.ts'
import { languageOf } from './text-code-languages.ts'
import { isBesideCode, isCodeBlock } from './text-code-signs.ts'
import { formulaOf, type Formula } from './text-formulas.ts'
import { dropCapOf, dropCapWord, imageText } from './text-images.ts'
import { shiftedText } from './text-shifted.ts'
import { integer, newFillers, TableRows } from './text-table-rows.ts'
import { dataTables } from './text-tables.ts'

const blockTags = new Set(
  'p div section article main header footer aside nav blockquote ul ol dl li dt dd table tr td th caption figure figcaption h1 h2 h3 h4 h5 h6 address details summary fieldset legend center body html hgroup form dialog menu pre hr'.split(
    ' ',
  ),
)
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
/** What a heading's link to itself looks like. */
const permalink = /^(?:\s|[¶#§🔗⚓]|\ufe0e)*$/u
const tailChars = 10
/** Deeper quotes and lists are read as if they stood in the innermost of these: each costs its indentation on every line. */
const containersMax = 8

/** The blocks of the main content in document order. Every node is looked at once or twice, so that any page costs time linear in its size. */
export function readBlocks({ root, isDropped, isTextDropped }: Pick<MainContent, 'root' | 'isDropped' | 'isTextDropped'>): TextBlock[] {
  const reader = new BlockReader(root)
  walk(root, {
    enter(element) {
      if (isDropped(element)) return reader.leaveOut(element)
      const formula = formulaOf(element)
      if (formula) return reader.formula(formula)
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
  #inline: Inline[] = []
  /** Whether white space that comes now would be a second one. */
  #spaced = true
  #heading: number | undefined
  readonly #marks: { mark: Mark; href: string; element: Element }[] = []
  #containers: readonly Container[] = []
  readonly #containing: Element[] = []
  readonly #lists: TextList[] = []
  readonly #fillers = newFillers()
  #table: TableRows | undefined
  #inCell = false
  /** A large first letter that waits for the rest of its word. */
  #dropCap = ''
  /** The last text of the line as it was read so far, but for white space. */
  #last: { kind: 'text'; text: string } | undefined
  /** Whether a letter or digit that follows at once would run together with lowered text. */
  #isOpen = false

  constructor(root: ParentNode) {
    this.#root = root
  }

  /** Whether what is read now stands in one line, so that no block can begin. */
  get isInLine(): boolean {
    return this.#inCell || this.#heading !== undefined
  }

  enter(element: Element): boolean {
    const { name } = element
    const dropCap = dropCapOf(element)
    if (dropCap !== undefined) {
      this.#dropCap += dropCap
      return false
    }
    if (name === 'br') this.#break()
    else if (name === 'rp' || (name === 'rt' && element.children.every((child) => isText(child) && child.data.trim() === ''))) return false
    else if (name === 'rt') this.text('(')
    else if (name === 'q') this.text('"')
    else if (name === 'sup' || name === 'sub') return this.#shifted(element)
    else if (blockTags.has(name)) this.#enterBlock(element)
    if (name === 'a' && isPermalink(element)) return false
    const mark = marks.get(name)
    if (mark) this.#open(mark, element)
    return true
  }

  leave(element: Element): void {
    const { name } = element
    if (this.#marks.at(-1)?.element === element) this.#close()
    if (name === 'rt') this.text(')')
    else if (name === 'q') this.text('"')
    else if (blockTags.has(name)) this.#leaveBlock(element)
  }

  text(data: string): void {
    const squeezed = squeeze(data)
    if (this.#dropCap !== '' && squeezed.trim() === '') return
    const text = this.#dropCap === '' ? squeezed : this.#joined(squeezed)
    const part = this.#spaced && text.startsWith(' ') ? text.slice(1) : text
    if (part === '') return
    const isGlued = this.#isOpen && /^[\p{L}\p{N}]/u.test(part)
    this.#isOpen = false
    this.#push(isGlued ? ` ${part}` : part)
  }

  #push(text: string): void {
    const part = { kind: 'text' as const, text }
    if (text !== ' ') this.#last = part
    this.#inline.push(part)
    this.#spaced = text.endsWith(' ')
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

  /** A cell that is left out keeps its place. */
  leaveOut({ name, attribs }: Element): false {
    if (this.#table && !this.#inCell && (name === 'td' || name === 'th')) this.#table.openCell(attribs)
    return false
  }

  formula({ tex, isBlock }: Formula): false {
    if (tex === '') return false
    this.#endDropCap()
    if (isBlock && !this.#table && this.#heading === undefined) {
      this.#flush()
      this.#blocks.push({ kind: 'math', tex, containers: this.#containers })
    } else {
      this.#inline.push({ kind: 'math', tex })
      this.#spaced = false
      this.#last = { kind: 'text', text: '$' }
    }
    return false
  }

  /** An image, or the character that one stands for. */
  image(element: Element, isTextDropped: boolean): false {
    const text = imageText(element)
    if (text === undefined && !isTextDropped) this.#image(element)
    else if (text !== undefined && dropCapOf(element) !== undefined) this.#dropCap += text
    else if (text !== undefined) this.text(text)
    return false
  }

  code(pre: Element, isDropped: (element: Element) => boolean): false {
    this.#flush()
    const code = codeOf(pre, isDropped)
    if (code !== '') this.#blocks.push({ kind: 'code', language: languageOf(pre), code, containers: this.#containers })
    return false
  }

  end(): TextBlock[] {
    this.#endDropCap()
    this.#flush()
    return this.#blocks
  }

  #enterBlock(element: Element): void {
    const { name } = element
    if (this.#table) return this.#enterInTable(element)
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
    if (this.#table) return this.#leaveInTable(element)
    this.#flush()
    if (this.#containing.at(-1) === element) {
      this.#containing.pop()
      this.#containers = this.#containers.slice(0, -1)
    }
    if (name === 'ul' || name === 'ol' || name === 'menu') this.#lists.pop()
    this.#heading = undefined
  }

  /** The blocks of a cell stand in one line. */
  #enterInTable({ name, attribs }: Element): void {
    const table = this.#table
    if (!table) return
    if (name === 'tr') table.openRow()
    else if (name === 'td' || name === 'th') this.#openCell(table.openCell(attribs))
    else if (name === 'li') this.#itemInCell()
    else this.text(' ')
  }

  /** Items of a list in a cell, or the lines of a definition, follow each other in one line. */
  #itemInCell(): void {
    const last = this.#last
    if (last === undefined) return
    const end = this.#inline.at(-1)
    if (end?.kind === 'text' && end !== last) this.#inline.pop()
    last.text = last.text.trimEnd()
    this.#spaced = false
    this.text(/[.,:;!?。；：]$/u.test(last.text) ? ' ' : '; ')
  }

  #openCell(cell: Inline[]): void {
    this.#inline = cell
    this.#last = undefined
    this.#reopen()
    this.#spaced = true
    this.#inCell = true
  }

  #leaveInTable(element: Element): void {
    const table = this.#table
    if (!table) return
    const { name } = element
    if (name === 'td' || name === 'th') {
      this.#closeAll()
      this.#inline = []
      this.#inCell = false
    } else if (name === 'caption') this.#caption()
    else if (element === table.element) this.#endTable(table)
    else this.text(' ')
  }

  #caption(): void {
    const inline = this.#taken()
    if (inline) this.#blocks.push({ kind: 'paragraph', inline, containers: this.#containers })
  }

  #endTable(table: TableRows): void {
    this.#table = undefined
    this.#inCell = false
    this.#inline = []
    const rows = table.filled()
    if (rows.length > 0) this.#blocks.push({ kind: 'table', rows, columns: table.columns, containers: this.#containers })
    this.#reopen()
    this.#spaced = true
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
    if (this.#table || this.#heading !== undefined) return this.text(' ')
    let last = this.#inline.length - 1
    while (last >= 0 && this.#inline[last]?.kind === 'close') last--
    if (this.#inline[last]?.kind === 'break') return this.#flush()
    this.#inline.push({ kind: 'break' })
    this.#spaced = true
  }

  #shifted(element: Element): boolean {
    const shifted = shiftedText(element, this.#spaced ? '' : (this.#last?.text.slice(-tailChars) ?? ''))
    if (shifted) {
      this.text(shifted.text)
      this.#isOpen = shifted.isOpen
    } else if (!this.#spaced) this.text(' ')
    return shifted === undefined
  }

  #image({ attribs }: Element): void {
    const src = [attribs['src'], attribs['data-src'], attribs['data-lazy-src']].find((at) => at !== undefined && at !== '' && !at.startsWith('data:'))
    if (src === undefined || attribs['width'] === '1') return
    this.#inline.push({ kind: 'image', alt: (attribs['alt'] ?? '').replace(/\s+/g, ' ').trim().slice(0, 500), src: src.trim() })
    this.#spaced = false
  }

  #open(mark: Mark, element: Element): void {
    const href = mark === 'link' ? (element.attribs['href'] ?? '').trim() : ''
    if ((mark === 'link' && href === '') || this.#marks.some((open) => open.mark === mark)) return
    this.#marks.push({ mark, href, element })
    this.#inline.push({ kind: 'open', mark, href })
  }

  #close(): void {
    const open = this.#marks.pop()
    if (open) this.#inline.push({ kind: 'close', mark: open.mark })
  }

  #closeAll(): void {
    for (const { mark } of this.#marks.toReversed()) this.#inline.push({ kind: 'close', mark })
  }

  #reopen(): void {
    for (const { mark, href } of this.#marks) this.#inline.push({ kind: 'open', mark, href })
  }

  /** Ends the block that is being read; marks that are open go on in the next one. */
  #flush(): void {
    if (this.#table) return
    const inline = this.#taken()
    if (!inline) return
    const block = { inline, containers: this.#containers }
    this.#blocks.push(this.#heading === undefined ? { kind: 'paragraph', ...block } : { kind: 'heading', level: this.#heading, ...block })
  }

  #taken(): Inline[] | undefined {
    this.#closeAll()
    const inline = this.#inline
    this.#inline = []
    this.#last = undefined
    this.#reopen()
    this.#spaced = true
    return hasContent(inline) ? inline : undefined
  }
}

function isPermalink(element: Element): boolean {
  const [only, more] = element.children
  return only !== undefined && !more && isText(only) && only.data.length < 8 && permalink.test(only.data) && /^[^?]*#/.test(element.attribs['href'] ?? '')
}
