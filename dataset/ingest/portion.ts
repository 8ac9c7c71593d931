import type { KnownRow, RowPlace } from '#schemas/corpus-index.ts'
import type { Arrival, Portion } from './decide.ts'

/** Rows that are looked at before a version is made of them: some 20 MB of facts and signatures. */
export const portionRowsDefault = 20_000

/** What was looked at since the last version. */
export class GrowingPortion implements Portion {
  arrivals: Arrival[] = []
  moves: { row: KnownRow; place: RowPlace }[] = []
  readonly removals: KnownRow[] = []
  /** sha256 of files that were looked at. */
  readonly addedFiles = new Set<string>()
  /** sha256 of files in which no row stands any more. */
  readonly droppedFiles: string[] = []
  readonly #settled = new Set<number>()
  #room: number

  constructor(rowsMax: number) {
    this.#room = rowsMax
  }

  get isFull(): boolean {
    return this.#room <= 0
  }

  /** Rows that it has room for; one is always taken. */
  get room(): number {
    return Math.max(1, this.#room)
  }

  /** Counts rows that were looked at, whatever became of them. */
  look(rows: number): void {
    this.#room -= rows
  }

  move(row: KnownRow, place: RowPlace): void {
    this.#settled.add(row.ordinal)
    this.moves.push({ row, place })
  }

  remove(row: KnownRow): void {
    this.#settled.add(row.ordinal)
    this.removals.push(row)
  }

  /** Takes back what came from a file since the last version. @returns the rows that stay where they were */
  undo(file: string): KnownRow[] {
    const isOther = ({ place }: { place: RowPlace }): boolean => place.file !== file
    const stay = this.moves.filter((move) => !isOther(move)).map(({ row }) => row)
    this.arrivals = this.arrivals.filter(isOther)
    this.moves = this.moves.filter(isOther)
    for (const { ordinal } of stay) this.#settled.delete(ordinal)
    return stay
  }

  /** Whether a row moved, or is to go, already. */
  has({ ordinal }: Pick<KnownRow, 'ordinal'>): boolean {
    return this.#settled.has(ordinal)
  }
}
