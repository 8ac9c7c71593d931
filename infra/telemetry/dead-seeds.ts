import { textTable } from './table.ts'

/** A seed that came to nothing: neither a document nor an address of its source. */
export interface DeadSeed {
  url: string
  label: string
  /** A stable code. */
  cause: string
  /** The same for people, with what to do. */
  says: string
}

/** One line per seed; empty when there is none. */
export const deadSeedTable = (seeds: readonly DeadSeed[]): string =>
  seeds.length === 0
    ? ''
    : textTable(
        ['seeds that came to nothing', 'because'],
        seeds.map(({ url, says }) => [url, says]),
      )
