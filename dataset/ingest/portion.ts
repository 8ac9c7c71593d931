import type { KnownRow, RowFacts, RowPlace } from '#schemas/corpus-index.ts'
import type { SnapshotManifest } from '#schemas/manifest.ts'
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
  /** sha256 of files that left a job, and in which the index has no row of another. */
  readonly leftFiles: string[] = []
  readonly #settled = new Set<number>()
  #room: number

  constructor(rowsMax: number) {
    this.#room = rowsMax
  }

  /** sha256 of files in which no row stands any more: what left one job may have come with another. */
  get droppedFiles(): string[] {
    const placed = new Set([...this.arrivals, ...this.moves].map(({ place }) => place.file))
    return this.leftFiles.filter((file) => !placed.has(file))
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

  /** Takes back what came from a job's file since the last version; another miner may have the same file. @returns the rows that stay where they were */
  undo(file: string, { hotkey, job_id }: Pick<SnapshotManifest, 'hotkey' | 'job_id'>): KnownRow[] {
    const isOther = (place: RowPlace, facts: RowFacts): boolean => place.file !== file || facts.hotkey !== hotkey || facts.jobId !== job_id
    const stay = this.moves.filter(({ row, place }) => !isOther(place, row)).map(({ row }) => row)
    this.arrivals = this.arrivals.filter(({ facts, place }) => isOther(place, facts))
    this.moves = this.moves.filter(({ row, place }) => isOther(place, row))
    for (const { ordinal } of stay) this.#settled.delete(ordinal)
    return stay
  }

  /** Whether a row moved, or is to go, already. */
  has({ ordinal }: Pick<KnownRow, 'ordinal'>): boolean {
    return this.#settled.has(ordinal)
  }
}
