import type { Catalog } from '#schemas/catalog.ts'
import type { CorpusIndex, IndexChange, RowState } from '#schemas/corpus-index.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import { rowFacts } from '#schemas/row-facts.ts'
import { tellCurrent } from '#infra/corpus/current.ts'
import { readForeignFile } from '#infra/corpus/read-data-file.ts'
import { datasetFolder } from '../dataset-folder.ts'
import { cleanDocument } from './clean.ts'
import { decide } from './decide.ts'
import type { Draft, DraftGroup } from './draft.ts'
import type { DraftFile } from './draft-file.ts'
import type { Sights } from './sights.ts'
import { chunksOf, deletedRows, range, rowsAtOnce } from './rows.ts'
import { readSource, type SourceName } from './sources.ts'

interface Parts {
  catalog: Catalog
  store: ObjectStore
  index: CorpusIndex
  name: string
}

interface Comparison extends Omit<Parts, 'name'> {
  signal: AbortSignal
}

/** Commits the manifest that the index was committed with, when that was cut off. */
export async function finishPending({ catalog, store, index, name }: Parts): Promise<void> {
  const pending = await index.pending()
  if (pending === undefined) return
  const manifest = VersionManifest.parse(JSON.parse(pending))
  try {
    const entry = await catalog.commit(lineage.dataset(name), manifest.parent ?? undefined, manifest)
    await tellCurrent(store, datasetFolder(name), entry, manifest)
  } catch (error) {
    // The catalog was restored, or went on without this index: then the index follows what the head says.
    if (!(error instanceof OrreryError && error.code === 'conflict')) throw error
  }
  await index.commit({ pending: null })
}

/**
 * Makes the index say what the head of the dataset says, where it does not: its folder is lost, or older or newer than the catalog. Files whose rows differ
 * are read in again. What is compared first costs no look at rows.
 * @param counting the snapshots that are to be taken in, or were: what their miners deleted is deleted
 */
export async function compareIndex(parts: Comparison & { draft: Draft; counting: readonly SourceName[] }): Promise<void> {
  const { catalog, index, draft } = parts
  const stats = await index.stats()
  const listed = new Set<string>()
  for await (const { files } of draft.groups()) for (const sha256 of files.keys()) listed.add(sha256)
  const isSame = stats.live === draft.documents && stats.shadowed === draft.shadowed && stats.files.length === listed.size
  if (isSame && stats.files.every((file) => listed.has(file))) return
  for (const file of stats.files) if (!listed.has(file)) await forgetFile(index, file)
  const counting = new Map(parts.counting.map((name) => [name.line, name]))
  const left: Leaving[] = []
  for await (const group of draft.groups()) {
    const name = counting.get(lineage.snapshot(group.hotkey, group.job_id).name)
    const source = name && (await readSource({ catalog }, name, group.snapshot))
    const offered = source && 'manifest' in source ? source.manifest.files : []
    for (const file of group.files.values()) left.push({ group, file, rows: await compareFile(parts, group, { file, offered }) })
  }
  const { files, shadowed } = await index.stats()
  const known = new Set(files)
  // Those without a document: nothing of them was read in.
  await index.commit({ addFiles: [...listed].filter((file) => !known.has(file)) })
  draft.shadowed = shadowed
  for (const each of left) await letLeave(parts, each)
}

/** Rows of a file of a job that are copies no longer. */
interface Leaving {
  group: DraftGroup
  file: DraftFile
  rows: number[]
}

/** Whoever stood behind a row that leaves may come to its place. */
async function letLeave({ index, draft }: Pick<Comparison, 'index'> & { draft: Draft }, { group, file, rows }: Leaving): Promise<void> {
  for (const some of chunksOf(rows, rowsAtOnce)) {
    const known = await index.rows(file.file.sha256, some)
    const removals = known.filter(({ hotkey, jobId }) => hotkey === group.hotkey && jobId === group.job_id)
    const decision = await decide(index, { arrivals: [], moves: [], removals })
    await draft.apply(decision)
    await index.commit(decision.change)
  }
}

async function forgetFile(index: CorpusIndex, file: string): Promise<void> {
  for (const rows of chunksOf(await index.rows(file), rowsAtOnce)) await index.commit({ forget: rows.map(({ ordinal }) => ordinal) })
  await index.commit({ dropFiles: [file] })
}

/**
 * Rows of a file that the version has and the index has not are read in again; what both have comes to the state it has in the version. A copy of which it is
 * not sure that its miner still offers it is to leave: it counts as deleted from now on.
 * @returns positions of those
 */
async function compareFile(parts: Comparison, group: DraftGroup, { file, offered }: { file: DraftFile; offered: readonly ListedFile[] }): Promise<number[]> {
  const { store } = parts
  const [gone, sights] = [await file.goneRows(store), await file.sights(store)]
  const listed = offered.find((each) => each.file.sha256 === file.file.sha256)
  // As what was deleted once stays so; undefined where the snapshot has not the file.
  const deleted = listed && (await deletedRows(store, listed))
  const isLeft = (row: number): boolean => gone.has(row) && (typeof deleted !== 'object' || deleted.has(row))
  const stateOf = (row: number): RowState | undefined => (row >= file.taken ? undefined : gone.has(row) ? 'shadowed' : 'live')
  const known = await alignKnown(parts, group, { file, sights, stateOf })
  const copies = gone.size - (file.file.rows - file.taken) - file.refused.total
  const standing = [...known].filter((row) => !isLeft(row))
  const isWhole = standing.filter((row) => gone.has(row)).length === copies && standing.length === copies + file.file.rows - gone.size
  const read = isWhole ? [] : await readIn(parts, group, { file, sights, stateOf: (row) => (known.has(row) ? undefined : stateOf(row)) })
  const shadowed = [...known, ...read].filter((row) => gone.has(row))
  const left = shadowed.filter(isLeft)
  if (copies > shadowed.length - left.length) file.refused.add('deleted', copies - (shadowed.length - left.length))
  return left
}

interface Aligned {
  file: DraftFile
  /** Of the file. */
  sights: Sights
  /** In the version; undefined: it is none of its rows. */
  stateOf(row: number): RowState | undefined
}

/** @returns the rows that the index has, and the version too */
async function alignKnown({ index }: Comparison, group: DraftGroup, { file, sights, stateOf }: Aligned): Promise<Set<number>> {
  const known = new Set<number>()
  for (const some of chunksOf(range(0, file.file.rows), rowsAtOnce)) {
    const change: NonNullable<IndexChange['change']>[number][] = []
    const forget: number[] = []
    for (const { ordinal, state, place, hotkey, jobId, seen } of await index.rows(file.file.sha256, some)) {
      if (!place || hotkey !== group.hotkey || jobId !== group.job_id) continue
      // One that was seen at another time is read in again.
      const wanted = seen === sights.at(place.row) ? stateOf(place.row) : undefined
      if (wanted === undefined) forget.push(ordinal)
      else known.add(place.row)
      if (wanted !== undefined && wanted !== state) change.push({ ordinal, state: wanted, place })
    }
    if (change.length + forget.length > 0) await index.commit({ change, forget })
  }
  return known
}

/** @returns positions of the rows that were read in */
async function readIn({ store, index, signal }: Comparison, group: DraftGroup, { file: { file }, sights, stateOf }: Aligned): Promise<number[]> {
  const positions: number[] = []
  await index.commit({ addFiles: [file.sha256] })
  for await (const rows of readForeignFile(store, { file, deletes: null }, { signal })) {
    const add: NonNullable<IndexChange['add']>[number][] = []
    for (const read of rows) {
      const state = stateOf(read.row)
      if (state === undefined || read instanceof RefusedRow) continue
      const signature = cleanDocument(read.document, group)
      if (typeof signature === 'string') continue
      positions.push(read.row)
      add.push({ facts: rowFacts(read.document, sights.at(read.row)), signature, state, place: { file: file.sha256, row: read.row } })
    }
    await index.commit({ add })
  }
  return positions
}
