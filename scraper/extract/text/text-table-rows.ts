import type { Element } from 'domhandler'
import { hasContent, type Inline } from './text-blocks.ts'

/** How many more cells of a page may only fill up what `colspan` and `rowspan` ask for. */
interface Fillers {
  left: number
}

export const newFillers = (): Fillers => ({ left: 10_000 })

const columnsMax = 50

/** The cells of one table as they are read, in their columns. */
export class TableRows {
  readonly element: Element
  columns = 0
  readonly #fillers: Fillers
  readonly #rows: Inline[][][] = []
  /** How many more rows the cell above reaches down, by column. */
  readonly #spans: number[] = []

  constructor(element: Element, fillers: Fillers) {
    this.element = element
    this.#fillers = fillers
  }

  openRow(): void {
    this.#rows.push([])
  }

  /** The next cell of the row, to be filled. */
  openCell(attribs: Readonly<Record<string, string>>): Inline[] {
    if (this.#rows.length === 0) this.openRow()
    const row = this.#rows.at(-1) ?? []
    this.#reachDown(row)
    const wanted = Math.min(integer(attribs['colspan'], 1), columnsMax - row.length, this.#fillers.left + 1)
    const width = Math.max(1, wanted)
    const below = integer(attribs['rowspan'], 1) - 1
    if (below > 0) for (let i = 0; i < width; i++) this.#spans[row.length + i] = below
    const cell: Inline[] = []
    row.push(cell)
    for (let i = 1; i < width; i++) this.#fill(row)
    this.columns = Math.max(this.columns, row.length)
    return cell
  }

  /** The rows that hold anything, each with its last columns too, empty or not. */
  filled(): Inline[][][] {
    const rows = this.#rows.filter((row) => row.some(hasContent))
    for (const row of rows) while (row.length < this.columns && this.#fillers.left > 0) this.#fill(row)
    return rows
  }

  /** Leaves room for cells of rows above that reach into this one. */
  #reachDown(row: Inline[][]): void {
    for (let below = this.#spans[row.length] ?? 0; below > 0 && row.length < columnsMax && this.#fillers.left > 0; below = this.#spans[row.length] ?? 0) {
      this.#spans[row.length] = below - 1
      this.#fill(row)
    }
  }

  #fill(row: Inline[][]): void {
    this.#fillers.left--
    row.push([])
  }
}

/** A whole number from 0 on, as attributes have it. */
export function integer(text: string | undefined, otherwise: number): number {
  const value = /^\s*(\d{1,8})\s*$/.exec(text ?? '')?.[1]
  return value === undefined ? otherwise : Number(value)
}
