import type { AddedRow, CorpusIndex, IndexChange, RowPlace, RowState } from '#schemas/corpus-index.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { limits } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import type { Reject } from '#schemas/stage.ts'
import { mapInTurns } from '../dedup/map-in-turns.ts'
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
 * read twice. Rows are sorted (order.ts) within each row group, or within as much of one as may be in memory.
 */
async function mergeFiles(parts: MergeParts, corpus: Corpus, { jobId, files, signal }: Merge): Promise<void> {
  const { index, telemetry, rejects, signer } = parts
  const ordinals = files.map(({ file }) => new Float64Array(file.rows).fill(nobody))
  const recutting = new Recutting(index)
  for await (const rows of knownRows(parts, files, ordinals, signal)) await recutting.look(rows)
  const recut = await recutting.settle()
  const leaving = new Set(recut.gone.map(({ ordinal }) => ordinal))
  const isLeft = ordinals.some((ofFile) => ofFile.some((ordinal) => ordinal !== nobody && !leaving.has(ordinal)))
  const written: number[] = []
  const file = isLeft ? await writeRows(parts, jobId, mergedDocuments({ ...parts, files, ordinals, recut, leaving, signal }, written)) : undefined
  const jobs = jobChanges(recut.counts)
  const change: JobChange = jobs.of(jobId)
  for (const { file: input } of files) change.went.add(input.sha256)
  // All rows of one stay and none of the others: it is that file again, which keeps its name.
  if (file && !change.went.delete(file.sha256)) change.came.push(file)
  deleteRows(
    jobs,
    recut.gone.filter(({ place }) => place !== null && !change.went.has(place.file)),
  )
  for (const reject of recut.rejects) await rejects(reject)
  await corpus.commit({ jobs: jobs.changed(), index: indexChange(file?.sha256 ?? '', recut, written) }, signal)
  if (file) tellWritten(parts, jobId, file)
  telemetry.event('shard.merged', { hotkey: signer.address, job_id: jobId, files: files.length, rows: written.length, cut: recut.replaced.size })
}

/** Where no row stands. */
const nobody = -1
/** Rows that are looked at together. */
const batchRows = 500
/** Of texts (UTF-16 code units) that wait to be sorted. */
const sortedCharsMax = 2 ** 24

/** @param ordinals filled, for each file, with the ordinals of its rows by position */
async function* knownRows(
  { store, index }: Pick<MergeParts, 'store' | 'index'>,
  files: readonly ListedFile[],
  ordinals: readonly Float64Array[],
  signal: AbortSignal,
): AsyncGenerator<RowDocument[]> {
  for (const [n, listed] of files.entries()) {
    for await (const batch of readListed(store, listed, { signal })) {
      for (let from = 0; from < batch.length; from += batchRows) {
        const documents = new Map(batch.slice(from, from + batchRows).map(({ row, document }) => [row, document]))
        const rows = await index.rows(listed.file.sha256, [...documents.keys()])
        yield rows.map((row) => {
          const at = row.place?.row ?? nobody
          ;(ordinals[n] as Float64Array)[at] = row.ordinal
          return { row, document: documents.get(at) as Document }
        })
      }
    }
  }
}

interface Merged extends Pick<MergeParts, 'store'> {
  files: readonly ListedFile[]
  ordinals: readonly Float64Array[]
  recut: Recut
  /** Rows that come into no file. */
  leaving: ReadonlySet<number>
  signal: AbortSignal
}

/** @param written filled with the ordinals of the rows that the documents were, in their order */
async function* mergedDocuments({ store, files, ordinals, recut, leaving, signal }: Merged, written: number[]): AsyncGenerator<Document> {
  let group: { ordinal: number; document: Document }[] = []
  let chars = 0
  const sorted = function* (): Generator<Document> {
    for (const { ordinal, document } of group.toSorted((a, b) => compareDocuments(a.document, b.document))) {
      written.push(ordinal)
      yield document
    }
    group = []
    chars = 0
  }
  for (const [n, listed] of files.entries()) {
    for await (const batch of readListed(store, listed, { signal })) {
      const documents = await mapInTurns(batch, ({ row, document }) => {
        const ordinal = ordinals[n]?.[row] ?? nobody
        const cut = recut.replaced.get(ordinal)
        return { ordinal, document: cut ? recutDocument(document, cut) : document }
      })
      for (const each of documents) {
        if (each.ordinal === nobody || leaving.has(each.ordinal)) continue
        group.push(each)
        chars += each.document.text.length + (each.document.markdown?.length ?? 0)
        const isGroup = (written.length + group.length) % limits.rowsPerGroup === 0
        if (isGroup || chars >= sortedCharsMax) yield* sorted()
      }
    }
  }
  yield* sorted()
}

function indexChange(file: string, recut: Recut, written: readonly number[]): IndexChange {
  const replacements: AddedRow[] = []
  const moved: { ordinal: number; state: RowState; place: RowPlace | null }[] = []
  for (const [row, ordinal] of written.entries()) {
    const place = { file, row }
    const cut = recut.replaced.get(ordinal)
    if (!cut) moved.push({ ordinal, state: 'live', place })
    else
      replacements.push({
        facts: cut.facts,
        signature: cut.signatures[1] as Uint8Array,
        state: 'live',
        place,
        joins: [{ ordinal }],
        paragraphs: cut.paragraphs,
      })
  }
  const left = [...recut.replaced.keys(), ...recut.gone.map(({ ordinal }) => ordinal)]
  return {
    add: replacements,
    change: [...moved, ...left.map((ordinal) => ({ ordinal, state: 'remembered' as const, place: null }))],
    keepers: recut.keepers.map(({ paragraph, ordinal }) => ({ paragraph, keeper: { ordinal } })),
  }
}
