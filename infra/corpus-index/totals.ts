import type { RowState } from '#schemas/corpus-index.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Database } from '../sqlite/database.ts'

/** An ordinal + 1 is a u32. */
const ordinalsMax = 2 ** 32 - 1

type Values = Record<'next' | 'cluster' | RowState, number>

const none: Values = { next: 0, cluster: 0, live: 0, shadowed: 0, remembered: 0 }

/** How many rows there are, and what number comes next. */
export class Totals {
  readonly #db: Database
  #values = { ...none }

  constructor(db: Database) {
    this.#db = db
    this.load()
  }

  get next(): number {
    return this.#values.next
  }

  get states(): Record<RowState, number> {
    const { live, shadowed, remembered } = this.#values
    return { live, shadowed, remembered }
  }

  get rows(): number {
    const { live, shadowed, remembered } = this.#values
    return live + shadowed + remembered
  }

  count(state: RowState, more: number): void {
    this.#values[state] += more
  }

  /** @returns the first of so many new ordinals @throws OrreryError `too_large` */
  take(count: number): number {
    const first = this.#values.next
    if (first + count > ordinalsMax) throw new OrreryError('too_large', `An index of a corpus numbers ${ordinalsMax} rows at most; split the corpus.`)
    this.#values.next += count
    return first
  }

  /** @returns a name that no cluster had */
  takeCluster(): number {
    return this.#values.cluster++
  }

  load(): void {
    const row = this.#db.get<{ value: string }>(`select value from facts where name = 'totals'`)
    this.#values = row ? (JSON.parse(row.value) as Values) : { ...none }
  }

  save(): void {
    this.#db.run(`insert or replace into facts values ('totals', ?)`, JSON.stringify(this.#values))
  }
}
