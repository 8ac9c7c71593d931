import type { CorpusIndex, IndexChange, KnownRow } from '#schemas/corpus-index.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { limits } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import type { Reject } from '#schemas/stage.ts'
import { compareDocuments } from '../dedup/order.ts'
import { Recutting, recutDocument, type Recut, type RowDocument } from '../dedup/recut.ts'
import { nextMerge, type ShardLayout } from './compaction.ts'
import type { Corpus } from './corpus.ts'
import { deleteRows, jobChanges } from './flush.ts'
import { readListed } from './read-in.ts'
import type { JobChange } from './snapshot-heads.ts'
import { tellWritten, writeRows, type ShardParts } from './write-rows.ts'

export interface MergeParts extends ShardParts {
  index: CorpusIndex
  layout: ShardLayout
  rejects(reject: Reject): void | Promise<void>
}

/** Rows that are looked at together. */
const batchRows = 500

/** Merges what is worth it, one merge after the other. @throws the signal's reason when aborted: the merge that was under way has not happened */
export async function compact(parts: MergeParts, corpus: Corpus, signal: AbortSignal): Promise<void> {
  for (;;) {
    const due = [...(await corpus.heads(signal))].flatMap(([jobId, { manifest }]) => {
      const files = nextMerge(manifest.files, parts.layout)
      return files ? [{ jobId, files }] : []
    })[0]
    if (!due) return
    await mergeFiles(parts, corpus, { ...due, signal })
  }
}

interface Merge {
  jobId: string
  files: readonly ListedFile[]
  signal: AbortSignal
}

/**
 * Puts the live rows of some files of a job into one, without what has become boilerplate since, and without the rows that are copies then. Streams: each file is
 * read twice, a row group at a time. Rows are sorted (order.ts) within each row group.
 */
async function mergeFiles(parts: MergeParts, corpus: Corpus, { jobId, files, signal }: Merge): Promise<void> {
  const { index, store, telemetry, rejects, signer } = parts
  const rows = await knownRows(index, files)
  const recutting = new Recutting(index)
  for (const listed of files) {
    for await (const batch of readListed(store, listed, { signal })) {
      const known = batch.flatMap(({ row, document }): RowDocument[] =>
        rows.has(placeName(listed, row)) ? [{ row: rows.get(placeName(listed, row)) as KnownRow, document }] : [],
      )
      for (let from = 0; from < known.length; from += batchRows) await recutting.look(known.slice(from, from + batchRows))
    }
  }
  const recut = await recutting.settle()
  const written: KnownRow[] = []
  const gone = new Set(recut.gone.map(({ ordinal }) => ordinal))
  const isEmpty = rows.values().every(({ ordinal }) => gone.has(ordinal))
  const file = isEmpty ? undefined : await writeRows(parts, jobId, mergedDocuments({ store, files, rows, recut, gone, signal }, written))
  const jobs = jobChanges(recut.counts)
  const change: JobChange = jobs.of(jobId)
  for (const { file: input } of files) change.went.add(input.sha256)
  if (file) change.came.push(file)
  deleteRows(
    jobs,
    recut.gone.filter(({ place }) => place !== null && !change.went.has(place.file)),
  )
  for (const reject of recut.rejects) await rejects(reject)
  await corpus.commit({ jobs: jobs.changed(), index: indexChange(file?.sha256, rows, recut, written) }, signal)
  if (file) tellWritten(parts, jobId, file)
  telemetry.event('shard.merged', { hotkey: signer.address, job_id: jobId, files: files.length, rows: written.length, cut: recut.replaced.size })
}

const placeName = ({ file }: ListedFile, row: number): string => `${file.sha256} ${row}`

async function knownRows(index: CorpusIndex, files: readonly ListedFile[]): Promise<Map<string, KnownRow>> {
  const rows = new Map<string, KnownRow>()
  for (const listed of files) for (const row of await index.rows(listed.file.sha256)) rows.set(placeName(listed, row.place?.row ?? -1), row)
  return rows
}

interface Merged extends Pick<MergeParts, 'store'> {
  files: readonly ListedFile[]
  rows: ReadonlyMap<string, KnownRow>
  recut: Recut
  gone: ReadonlySet<number>
  signal: AbortSignal
}

/** @param written filled with the row that each document was, in their order */
async function* mergedDocuments({ store, files, rows, recut, gone, signal }: Merged, written: KnownRow[]): AsyncGenerator<Document> {
  let group: RowDocument[] = []
  const sorted = function* (): Generator<Document> {
    for (const { row, document } of group.toSorted((a, b) => compareDocuments(a.document, b.document))) {
      written.push(row)
      yield document
    }
    group = []
  }
  for (const listed of files) {
    for await (const batch of readListed(store, listed, { signal })) {
      for (const { row: position, document } of batch) {
        const row = rows.get(placeName(listed, position))
        if (!row || gone.has(row.ordinal)) continue
        const cut = recut.replaced.get(row.ordinal)
        group.push({ row, document: cut ? recutDocument(document, cut) : document })
        if (group.length === limits.rowsPerGroup) yield* sorted()
      }
    }
  }
  yield* sorted()
}

function indexChange(file: string | undefined, rows: ReadonlyMap<string, KnownRow>, recut: Recut, written: readonly KnownRow[]): IndexChange {
  const places = new Map(written.map(({ ordinal }, row) => [ordinal, { file: file as string, row }]))
  const leaves = new Map(
    [...rows.values(), ...recut.gone].filter(({ ordinal }) => !places.has(ordinal) || recut.replaced.has(ordinal)).map((row) => [row.ordinal, row]),
  )
  return {
    add: [...recut.replaced.values()].map(({ former: { ordinal }, facts, signatures, paragraphs }) => ({
      facts,
      signature: signatures[1] as Uint8Array,
      state: 'live' as const,
      place: places.get(ordinal) ?? null,
      joins: [{ ordinal }],
      paragraphs,
    })),
    change: [
      ...[...places].flatMap(([ordinal, place]) => (recut.replaced.has(ordinal) ? [] : [{ ordinal, state: 'live' as const, place }])),
      ...[...leaves.keys()].map((ordinal) => ({ ordinal, state: 'remembered' as const, place: null })),
    ],
    keepers: recut.keepers.map(({ paragraph, ordinal }) => ({ paragraph, keeper: { ordinal } })),
  }
}
