import { bitOf, countAll, eachNumber, meet } from '../words/bits.ts'
import type { RowColumns, RowField } from './row-columns.ts'
import type { FoundWords } from './word-search.ts'

/** Rows of a version, narrowed by one condition after the other. */
export class ChosenRows {
  readonly #columns: RowColumns
  readonly #bits: Uint32Array
  #count: number | undefined
  /** Where words were sought. */
  #words: FoundWords | undefined

  /** All rows of a version. */
  constructor(columns: RowColumns, version: number) {
    this.#columns = columns
    this.#bits = columns.ofVersion(version).bits.slice()
  }

  get count(): number {
    return (this.#count ??= countAll(this.#bits))
  }

  /** A bit for each row. */
  get bits(): Uint32Array {
    return this.#bits
  }

  get words(): FoundWords | undefined {
    return this.#words
  }

  has(row: number): boolean {
    return ((this.#bits[row >>> 5] as number) & bitOf(row)) !== 0
  }

  /** Rising. */
  each(visit: (row: number) => void): void {
    eachNumber(this.#bits, visit)
  }

  /** Those that have the words. */
  having(words: FoundWords): void {
    words.narrow(this.#bits)
    this.#words = words
    this.#count = undefined
  }

  /** Those whose number of a field is one of these. */
  amongNumbers(field: RowField, numbers: readonly number[]): void {
    this.#meet(this.#columns.having(field, numbers))
  }

  among(rows: readonly number[]): void {
    const bits = new Uint32Array(this.#bits.length)
    for (const row of rows) if (row < this.#columns.end) bits[row >>> 5] = (bits[row >>> 5] as number) | bitOf(row)
    this.#meet(bits)
  }

  #meet(bits: Uint32Array): void {
    meet(this.#bits, bits)
    this.#count = undefined
  }

  /** Those from `from` on, before `to`. */
  between(field: RowField, from = -Infinity, to = Infinity): void {
    const [column, bits] = [this.#columns.get(field), this.#bits]
    this.each((row) => {
      const value = column[row] as number
      if (!(value >= from && value < to)) bits[row >>> 5] = (bits[row >>> 5] as number) & ~bitOf(row)
    })
    this.#count = undefined
  }

  /** The numbers of a field that most of them have, most first, and how many numbers there are; 0 is none. */
  mostFrequent(field: RowField, limit: number): { most: { number: number; rows: number }[]; distinct: number } {
    const counts = this.#countsOf(field)
    const most: { number: number; rows: number }[] = []
    let distinct = 0
    for (const [number, rows] of counts.entries()) {
      if (number === 0 || rows === 0) continue
      distinct++
      if (most.length === limit && rows <= (most.at(-1)?.rows ?? 0)) continue
      const place = most.findIndex((other) => other.rows < rows)
      most.splice(place < 0 ? most.length : place, 0, { number, rows })
      if (most.length > limit) most.pop()
    }
    return { most, distinct }
  }

  #countsOf(field: RowField): Uint32Array {
    const column = this.#columns.get(field)
    let last = 0
    this.each((row) => (last = Math.max(last, column[row] as number)))
    const counts = new Uint32Array(last + 1)
    this.each((row) => {
      const number = column[row] as number
      counts[number] = (counts[number] as number) + 1
    })
    return counts
  }
}
