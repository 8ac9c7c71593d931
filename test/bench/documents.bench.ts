import type { Bench, Figures } from './bench.ts'
import { bench as dates } from './documents-dates.bench.ts'
import { bench as duplicates } from './documents-duplicates.bench.ts'
import { bench as extraction } from './documents-extraction.bench.ts'
import { bench as pages } from './documents-pages.bench.ts'
import { bench as shards } from './documents-shards.bench.ts'

/** From page to document to shard: the figures of all parts, each of which is a bench of its own too (`documents-NAME`). */
const parts: Record<string, Bench> = { extraction, dates, pages, duplicates, shards }
const nameOf = (part: string, contestant: string): string => `${part}:${contestant}`

export const bench: Bench = {
  contestants: Object.fromEntries(
    Object.entries(parts).flatMap(([part, { contestants }]) => Object.entries(contestants).map(([name, contestant]) => [nameOf(part, name), contestant])),
  ),
  summarize(samples) {
    const summaries = Object.entries(parts).map(([part, { contestants, summarize }]): Figures =>
      summarize(Object.fromEntries(Object.keys(contestants).map((name) => [name, samples[nameOf(part, name)] ?? []]))),
    )
    return {
      figures: Object.assign({}, ...summaries.map(({ figures }) => figures)),
      notes: Object.assign({}, ...summaries.map(({ notes }) => notes)),
      tables: summaries.flatMap(({ tables = [] }) => tables),
    }
  },
}
