import { DuckDBInstance } from '@duckdb/node-api'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { sqliteLedger } from '#infra/ledger/sqlite.ts'
import { folderStore } from '#infra/store/folder.ts'
import { families, lineage, type LineFamily, type ManifestKind, type ManifestOf } from '#schemas/lineage.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import type { DeletedRows } from '#schemas/deletion-vector.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { TurnSummary } from '#infra/telemetry/summary.ts'

/** What a turn must have left in its data folder; each is read back from the files, not from the summary. */
export interface TurnFacts {
  shards: number
  documents: number
  /** Rows that DuckDB and hyparquet see differently. */
  unequalRows: number
  nearDuplicateClusters: number
  /** u16 weights on the chain, of the miners. */
  weights: number[]
  batchesSettled: number
  /** Labels whose weight the loss changed. */
  movedLabels: string[]
  /** uri and hotkey of documents that stand in more than one row. */
  keptTwice: string[]
}

export async function readTurnFacts(dataDir: string, summary: Pick<TurnSummary, 'weights'>): Promise<TurnFacts> {
  await using catalog = sqliteCatalog(join(dataDir, 'catalog.sqlite'), { clock: systemClock() })
  await using ledger = sqliteLedger(join(dataDir, 'ledger.sqlite'), { clock: systemClock() })
  const snapshots = await headsOf(catalog, families.snapshots)
  const store = folderStore(join(dataDir, 'store'))
  const rows: { uri: string; hotkey: string }[] = []
  const files = snapshots.flatMap((snapshot) => snapshot.files)
  let unequalRows = 0
  for (const listed of files) {
    const own = (await liveRows(store, listed)).map(({ id, uri, text, hotkey }) => ({ id, uri, text, hotkey }))
    unequalRows += countUnequal(own, await readByDuckdb(join(dataDir, 'store', listed.file.key), await readDeletionVector(store, listed)))
    rows.push(...own)
  }
  const plans = await catalog.history(lineage.plan('web'), { limit: 100 })
  const settled = await Promise.all(plans.map(({ sha256, version }) => ledger.progress(sha256, version - 1)))
  const history = (await catalog.history(lineage.desirability, { limit: 100 })).map(({ manifest }) => manifest)
  return {
    shards: files.length,
    documents: rows.length,
    unequalRows,
    nearDuplicateClusters: snapshots.reduce((n, { duplicates }) => n + duplicates.clusters, 0),
    weights: summary.weights.map(({ value }) => value),
    batchesSettled: settled.reduce((n, { states }) => n + states.settled, 0),
    movedLabels: (history[0]?.jobs ?? [])
      .filter((job) => job.weight !== history.at(-1)?.jobs.find(({ id }) => id === job.id)?.weight)
      .map(({ params }) => params.label ?? ''),
    keptTwice: repeated(rows.map(({ uri, hotkey }) => `${hotkey} ${uri}`)),
  }
}

/** The rows of a file that its snapshot has. */
export async function liveRows(store: ObjectStore, listed: ListedFile): Promise<Document[]> {
  const { signal } = new AbortController()
  const batches = await Array.fromAsync(readDataFile(store, listed, { signal }))
  return batches.flatMap((batch) => batch.map(({ document }) => document))
}

export function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>()
  return values.filter((value) => seen.size === seen.add(value).size)
}

export async function headsOf<Kind extends ManifestKind>(catalog: Catalog, family: LineFamily<Kind>): Promise<ManifestOf<Kind>[]> {
  const entries = await Promise.all((await catalog.lines(family)).map((line) => catalog.head(line)))
  return entries.flatMap((entry) => (entry ? [entry.manifest as ManifestOf<Kind>] : []))
}

interface Row {
  id: string
  uri: string
  text: string
  hotkey: string
}

async function readByDuckdb(path: string, deleted: DeletedRows): Promise<Row[]> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    const result = await connection.runAndReadAll('select id, uri, text, hotkey from read_parquet($1, file_row_number = true) order by file_row_number', [path])
    return (result.getRowObjectsJson() as unknown as Row[]).filter((_, row) => !deleted.has(row))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

function countUnequal(a: readonly Row[], b: readonly Row[]): number {
  const differing = a.filter((row, at) => JSON.stringify(row) !== JSON.stringify(b[at])).length
  return differing + Math.abs(a.length - b.length)
}

/** What `npm start -- --once` must reach, as sentences that are not true of this turn. */
export function shortfalls(facts: TurnFacts): string[] {
  const { documents, shards, unequalRows, nearDuplicateClusters, weights, batchesSettled, movedLabels, keptTwice } = facts
  const wishes: [boolean, string][] = [
    [documents >= 300, `${documents} documents kept, at least 300 are needed`],
    [shards > 0 && unequalRows === 0, `${unequalRows} rows of ${shards} shards are not the same in DuckDB and hyparquet`],
    [nearDuplicateClusters >= 1, 'no near-duplicate cluster was found'],
    [weights.length === 2 && weights.every((weight) => weight > 0) && Math.max(...weights) === 65_535, `the weights on the chain are ${weights.join(', ')}`],
    [batchesSettled >= 100, `${batchesSettled} batches settled, at least 100 are needed`],
    [movedLabels.length >= 1, 'the loss changed no desirability weight'],
    [keptTwice.length === 0, `kept twice: ${keptTwice.slice(0, 3).join(', ')}`],
  ]
  return wishes.filter(([isTrue]) => !isTrue).map(([, sentence]) => sentence)
}

/** The summary that a run wrote among its JSON lines. */
export async function readSummary(eventsFile: string): Promise<TurnSummary> {
  const lines = (await readFile(eventsFile, 'utf8')).split('\n').filter((line) => line.startsWith('{"event":"turn.summary"'))
  return JSON.parse(lines.at(-1) ?? 'null') as TurnSummary
}
