import { compareText } from '#schemas/compare-text.ts'
import { bytesOf, countOf, durationOf } from './figures.ts'
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

/** What a miner did, and has to say of its seeds, for people. */
export interface CrawlSummary {
  /** Counters of the process. */
  counters: Readonly<Record<string, number>>
  seconds: number
  deadSeeds: readonly DeadSeed[]
}

/** @param width what it must fit into, in columns of the terminal */
export function crawlTables({ counters, seconds, deadSeeds }: CrawlSummary, width?: number): string {
  const facts: [string, string][] = [
    ['pages visited', countsOf(labelled(counters, 'crawl.pages', 'outcome'))],
    ['new documents', countsOf(labelled(counters, 'crawl.documents', 'label'))],
    ['received', bytesOf(counters['crawl.bytes'] ?? 0)],
    ['time', durationOf(seconds * 1000)],
  ]
  const tables = [textTable(['crawl', ''], facts, width), rejectTable(labelled(counters, 'crawl.rejected', 'reason'), width), deadSeedTable(deadSeeds, width)]
  return tables.filter((table) => table !== '').join('\n\n')
}

/** `1,234 (1,200 stored, 34 rejected)` */
export function countsOf(values: Readonly<Record<string, number>>): string {
  const entries = Object.entries(values).toSorted(([a, x], [b, y]) => y - x || compareText(a, b))
  const total = countOf(entries.reduce((sum, [, count]) => sum + count, 0))
  return entries.length === 0 ? total : `${total} (${entries.map(([name, count]) => `${countOf(count)} ${name}`).join(', ')})`
}

/** Empty when nothing was rejected. */
export function rejectTable(rejects: Readonly<Record<string, number>>, width: number | undefined): string {
  const rows = Object.entries(rejects).toSorted(([, a], [, b]) => b - a)
  return tableOf(
    ['rejected because', 'pages'],
    rows.map(([reason, pages]) => [reason, countOf(pages)]),
    width,
  )
}

/** A line for each seed; empty when there is none. */
export function deadSeedTable(seeds: readonly DeadSeed[], width: number | undefined): string {
  return tableOf(
    ['seed that came to nothing', 'because'],
    seeds.map(({ url, says }) => [url, says]),
    width,
  )
}

/** A table, or nothing where it has no rows. */
export const tableOf = (...table: Parameters<typeof textTable>): string => (table[1].length === 0 ? '' : textTable(...table))

/** The counters `name{label=value}` as value → count. */
export function labelled(counters: Readonly<Record<string, number>>, name: string, label: string): Record<string, number> {
  const prefix = `${name}{${label}=`
  return Object.fromEntries(Object.entries(counters).flatMap(([key, count]) => (key.startsWith(prefix) ? [[key.slice(prefix.length, -1), count]] : [])))
}
