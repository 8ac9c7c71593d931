import { cellBounds, textBounds, type Bounds } from './bounds.ts'
import { appendCell, type PlainCell } from './cells.ts'
import { finished, writeDistinct, type ChunkBuilder, type ColumnCells, type FinishedChunk } from './chunk.ts'
import type { Leaf, LeafKind } from './columns.ts'
import { buildDictionary, dictionaryBounds } from './dictionary.ts'
import { appendHybrid } from './hybrid.ts'
import { clearPage, noteBytes, type Page } from './page.ts'
import { pageBytes, pageRows, type DataPage, type PageWriter } from './page-writer.ts'

type Lists = readonly (readonly PlainCell[])[]

/** A page ends with the row that brings it there. */
const pageMembers = 2 ** 15

/** Of the members of lists, none of them null: as indexes into a dictionary where they repeat, or else PLAIN. Its cells wait for the end of the row group. */
export class ListChunk implements ChunkBuilder {
  readonly #column: Leaf
  readonly #writer: PageWriter
  #lists: (readonly PlainCell[])[] = []

  /** @param writer one for all such columns: it is used in `finish` only */
  constructor(column: Leaf, writer: PageWriter) {
    this.#column = column
    this.#writer = writer
  }

  append(cells: ColumnCells['cells']): void {
    for (const cell of cells) this.#lists.push(cell as readonly PlainCell[])
  }

  finish(): FinishedChunk {
    const [lists, column, writer] = [this.#lists, this.#column, this.#writer]
    this.#lists = []
    const cells: PlainCell[] = []
    for (const list of lists) for (const cell of list) cells.push(cell)
    const dictionary = column.repeats ? buildDictionary({ column, cells }) : undefined
    writer.clear()
    if (dictionary) writeDistinct(writer, column, dictionary.distinct)
    const append = dictionary ? indexAppender(column, dictionary) : plainAppender(column)
    const pages: DataPage[] = []
    let member = 0
    for (let row = 0; row < lists.length;) {
      const { rows, members, ...levels } = takePage(lists, row)
      clearPage(writer.values)
      const bounds = append(writer.values, cells, member, member + members)
      const facts = { firstRow: row, rows, values: levels.definitions.length, nulls: levels.definitions.length - members, bounds }
      pages.push(writer.writeData(facts, dictionary ? 'RLE_DICTIONARY' : 'PLAIN', levels))
      row += rows
      member += members
    }
    return finished(writer, { column, hasDictionary: dictionary !== undefined, distinct: dictionary?.distinct.length, pages, bloomFilter: undefined })
  }
}

/** The lists of the page that begins at `from`: each member has its levels, and so has a list without. */
function takePage(lists: Lists, from: number) {
  const [repetitions, definitions]: [number[], number[]] = [[], []]
  let [row, members, bytes] = [from, 0, 0]
  for (; row < lists.length && row - from < pageRows && members < pageMembers && bytes < pageBytes; row++) {
    const list = lists[row] as readonly PlainCell[]
    for (let n = 0; n < Math.max(1, list.length); n++) {
      repetitions.push(n === 0 ? 0 : 1)
      definitions.push(list.length === 0 ? 0 : 1)
    }
    members += list.length
    for (const cell of list) bytes += typeof cell === 'number' ? 8 : cell.length
  }
  return { rows: row - from, members, repetitions: Uint16Array.from(repetitions), definitions: Uint16Array.from(definitions) }
}

/** Appends the cells from `from` to `to`. @returns their bounds */
type Append = (page: Page, cells: readonly PlainCell[], from: number, to: number) => Bounds | undefined

function indexAppender(column: Leaf, dictionary: NonNullable<ReturnType<typeof buildDictionary>>): Append {
  const { indexes, width } = dictionary
  const boundsOf = dictionaryBounds(column, dictionary)
  return (page, _cells, from, to) => {
    page.bytes[page.length++] = width
    appendHybrid(page, indexes, from, to, width)
    return boundsOf(indexes.subarray(from, to))
  }
}

function plainAppender({ kind }: Leaf): Append {
  const append = appendCell[kind as Exclude<LeafKind, 'boolean'>]
  if (kind === 'string')
    return (page, cells, from, to) => {
      for (let n = from; n < to; n++) {
        append(page, cells[n] as string)
        noteBytes(page)
      }
      const { bytes, least, greatest } = page
      return least.from < 0 ? undefined : textBounds(bytes.subarray(least.from, least.to), bytes.subarray(greatest.from, greatest.to))
    }
  return (page, cells, from, to) => {
    let [least, greatest] = [Infinity, -Infinity]
    for (let n = from; n < to; n++) {
      const cell = cells[n] as number
      append(page, cell)
      least = Math.min(least, cell)
      greatest = Math.max(greatest, cell)
    }
    return greatest < least ? undefined : cellBounds(kind, least, greatest)
  }
}
