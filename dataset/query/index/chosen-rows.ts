import type { RowColumns, RowField } from './row-columns.ts'

/** Rows of a version, rising, and what each scores where words were sought; narrowed by one condition after the other. */
export class ChosenRows {
  readonly #columns: RowColumns
  #rows: Uint32Array
  #scores: Float64Array | undefined
  #count = 0

  private constructor(columns: RowColumns, rows: Uint32Array, scores: Float64Array | undefined, count: number) {
    this.#columns = columns
    this.#rows = rows
    this.#scores = scores
    this.#count = count
  }

  /** All rows of a version; with `only`, those that have this number of a field. They stand in a room that all share: whoever asks next has it. */
  static of(columns: RowColumns, version: number, only?: { field: RowField; number: number }): ChosenRows {
    const [since, until, rows, { end }] = [columns.get('since'), columns.get('until'), columns.room(), columns]
    const column = only && columns.get(only.field)
    let count = 0
    for (let row = 1; row < end; row++) {
      if (column && column[row] !== only?.number) continue
      if ((since[row] as number) <= version && version < (until[row] as number)) rows[count++] = row
    }
    return new ChosenRows(columns, rows, undefined, count)
  }

  /** Those of given rows, rising, that a version has. */
  static among(columns: RowColumns, version: number, given: { rows: Uint32Array; scores: Float64Array | undefined; count: number }): ChosenRows {
    const [since, until, { end }] = [columns.get('since'), columns.get('until'), columns]
    const chosen = new ChosenRows(columns, given.rows, given.scores, given.count)
    chosen.#narrow((row) => row < end && (since[row] as number) <= version && version < (until[row] as number))
    return chosen
  }

  get count(): number {
    return this.#count
  }

  row(at: number): number {
    return this.#rows[at] as number
  }

  score(at: number): number | null {
    return this.#scores ? (this.#scores[at] as number) : null
  }

  /** Those whose number of a field is one of these. */
  amongNumbers(field: RowField, numbers: readonly number[]): void {
    const column = this.#columns.get(field)
    const [only] = numbers
    if (numbers.length === 1) return this.#narrow((row) => column[row] === only)
    const wanted = new Set(numbers)
    this.#narrow((row) => wanted.has(column[row] as number))
  }

  among(rows: ReadonlySet<number>): void {
    this.#narrow((row) => rows.has(row))
  }

  /** Those from `from` on, before `to`. */
  between(field: RowField, from = -Infinity, to = Infinity): void {
    const column = this.#columns.get(field)
    this.#narrow((row) => (column[row] as number) >= from && (column[row] as number) < to)
  }

  #narrow(keeps: (row: number) => boolean): void {
    const [rows, scores] = [this.#rows, this.#scores]
    let count = 0
    for (let n = 0; n < this.#count; n++) {
      const row = rows[n] as number
      if (!keeps(row)) continue
      rows[count] = row
      if (scores) scores[count] = scores[n] as number
      count++
    }
    this.#count = count
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
    for (let n = 0; n < this.#count; n++) last = Math.max(last, column[this.#rows[n] as number] as number)
    const counts = new Uint32Array(last + 1)
    for (let n = 0; n < this.#count; n++) {
      const number = column[this.#rows[n] as number] as number
      counts[number] = (counts[number] as number) + 1
    }
    return counts
  }
}
