import type { Catalog } from '#schemas/catalog.ts'
import type { CorpusIndex, IndexChange, KnownRow, RowState } from '#schemas/corpus-index.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import { tellCurrent } from '#infra/corpus/current.ts'
import { readForeignFile } from '#infra/corpus/read-data-file.ts'
import { datasetFolder } from '../sweep-scope.ts'
import { cleanDocument } from './clean.ts'
import type { Draft, DraftGroup } from './draft.ts'
import type { DraftFile } from './draft-file.ts'
import { factsOf } from './facts.ts'
import { chunksOf, deletedRows, rowsAtOnce, type Rows } from './rows.ts'

interface Parts {
  catalog: Catalog
  store: ObjectStore
  index: CorpusIndex
  name: string
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
 */
export async function compareIndex(parts: Omit<Parts, 'name'> & { draft: Draft; signal: AbortSignal }): Promise<void> {
  const { index, draft } = parts
  const stats = await index.stats()
  const listed = new Set<string>()
  for await (const { files } of draft.groups()) for (const sha256 of files.keys()) listed.add(sha256)
  const isSame = stats.live === draft.documents && stats.files.length === listed.size && stats.files.every((file) => listed.has(file))
  if (isSame) return
  for (const file of stats.files) if (!listed.has(file)) await forgetFile(index, file)
  for await (const group of draft.groups()) for (const file of group.files.values()) await compareFile(parts, group, file)
}

async function forgetFile(index: CorpusIndex, file: string): Promise<void> {
  for (const rows of chunksOf(await index.rows(file), rowsAtOnce)) await index.commit({ forget: rows.map(({ ordinal }) => ordinal) })
  await index.commit({ dropFiles: [file] })
}

/** Rows of a file that the version has and the index has not are read in again; what both have comes to the state it has in the version. */
async function compareFile(parts: Omit<Parts, 'name'> & { signal: AbortSignal }, group: DraftGroup, file: DraftFile): Promise<void> {
  const { index, store, catalog } = parts
  const sha256 = file.file.sha256
  const isOwn = ({ hotkey, jobId }: KnownRow): boolean => hotkey === group.hotkey && jobId === group.job_id
  const gone = await file.goneRows(store)
  const deleted = await deletedOf(catalog, store, group, sha256)
  // A row that the miner deleted must not come back as the copy of another.
  const isNone = (row: number): boolean => gone.has(row) && (deleted?.has(row) ?? true)
  const known = new Set<number>()
  for (const rows of chunksOf((await index.rows(sha256)).filter(isOwn), rowsAtOnce)) {
    const change: NonNullable<IndexChange['change']>[number][] = []
    const forget: number[] = []
    for (const { ordinal, state, place } of rows) {
      if (!place) continue
      known.add(place.row)
      const wanted: RowState = gone.has(place.row) ? 'shadowed' : 'live'
      if (isNone(place.row)) forget.push(ordinal)
      else if (state !== wanted) change.push({ ordinal, state: wanted, place })
    }
    await index.commit({ change, forget })
  }
  let lacks = !(await index.stats()).files.includes(sha256)
  for (let row = 0; row < file.taken && !lacks; row++) lacks = !gone.has(row) && !known.has(row)
  if (lacks) await readIn(parts, { group, file, gone, isWanted: (row) => row < file.taken && !known.has(row) && !isNone(row) })
}

interface Lacking {
  group: DraftGroup
  file: DraftFile
  gone: Rows
  isWanted(row: number): boolean
}

async function readIn({ store, index, signal }: Omit<Parts, 'name'> & { signal: AbortSignal }, { group, file, gone, isWanted }: Lacking): Promise<void> {
  await index.commit({ addFiles: [file.file.sha256] })
  for await (const rows of readForeignFile(store, { file: file.file, deletes: null }, { signal })) {
    const add: NonNullable<IndexChange['add']>[number][] = []
    for (const read of rows) {
      if (read instanceof RefusedRow || !isWanted(read.row)) continue
      const { row, document } = read
      const signature = cleanDocument(document, group)
      if (typeof signature === 'string') continue
      add.push({ facts: factsOf(document), signature, state: gone.has(row) ? 'shadowed' : 'live', place: { file: file.file.sha256, row } })
    }
    await index.commit({ add })
  }
}

/** Rows that the miner had deleted from a file when it was taken in; undefined where that is no longer known. */
async function deletedOf(catalog: Catalog, store: ObjectStore, { hotkey, job_id, snapshot }: DraftGroup, sha256: string): Promise<Rows | undefined> {
  const entry = snapshot === null ? undefined : await catalog.get(lineage.snapshot(hotkey, job_id), { sha256: snapshot })
  const listed = entry?.manifest.files.find(({ file }) => file.sha256 === sha256)
  return listed && (await deletedRows(store, listed))
}
