import type { Catalog } from '#schemas/catalog.ts'
import type { CorpusIndex, IndexChange, RowState } from '#schemas/corpus-index.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import { rowFacts } from '#schemas/row-facts.ts'
import { tellCurrent } from '#infra/corpus/current.ts'
import { readForeignFile } from '#infra/corpus/read-data-file.ts'
import { datasetFolder } from '../sweep-scope.ts'
import { cleanDocument } from './clean.ts'
import type { Draft, DraftGroup } from './draft.ts'
import type { DraftFile } from './draft-file.ts'
import { chunksOf, deletedRows, range, rowsAtOnce, type Rows } from './rows.ts'

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
 */
export async function compareIndex(parts: Comparison & { draft: Draft }): Promise<void> {
  const { index, draft } = parts
  const stats = await index.stats()
  const listed = new Set<string>()
  for await (const { files } of draft.groups()) for (const sha256 of files.keys()) listed.add(sha256)
  const isSame = stats.live === draft.documents && stats.shadowed === draft.shadowed && stats.files.length === listed.size
  if (isSame && stats.files.every((file) => listed.has(file))) return
  for (const file of stats.files) if (!listed.has(file)) await forgetFile(index, file)
  for await (const group of draft.groups()) for (const file of group.files.values()) await compareFile(parts, group, file)
  const { files, shadowed } = await index.stats()
  const known = new Set(files)
  // Those without a document: nothing of them was read in.
  await index.commit({ addFiles: [...listed].filter((file) => !known.has(file)) })
  draft.shadowed = shadowed
}

async function forgetFile(index: CorpusIndex, file: string): Promise<void> {
  for (const rows of chunksOf(await index.rows(file), rowsAtOnce)) await index.commit({ forget: rows.map(({ ordinal }) => ordinal) })
  await index.commit({ dropFiles: [file] })
}

/**
 * Rows of a file that the version has and the index has not are read in again; what both have comes to the state it has in the version. A copy of which it is
 * not sure that its miner still offers it is not taken for one: it counts as deleted from now on.
 */
async function compareFile(parts: Comparison, group: DraftGroup, file: DraftFile): Promise<void> {
  const { store, catalog } = parts
  const gone = await file.goneRows(store)
  const deleted = await deletedOf(catalog, store, group, file.file.sha256)
  const stateOf = (row: number): RowState | undefined => (gone.has(row) ? ((deleted?.has(row) ?? true) ? undefined : 'shadowed') : 'live')
  const known = await alignKnown(parts, group, { file, stateOf })
  const copies = gone.size - (file.file.rows - file.taken) - file.refused.total
  let shadowed = 0
  for (const row of known) if (gone.has(row)) shadowed++
  if (shadowed !== copies || known.size - shadowed !== file.file.rows - gone.size)
    shadowed += await readIn(parts, group, { file, stateOf: (row) => (row < file.taken && !known.has(row) ? stateOf(row) : undefined) })
  if (copies > shadowed) file.refused.add('deleted', copies - shadowed)
}

interface Aligned {
  file: DraftFile
  /** In the version; undefined: it is none of its rows. */
  stateOf(row: number): RowState | undefined
}

/** @returns the rows that the index has, and the version too */
async function alignKnown({ index }: Comparison, group: DraftGroup, { file, stateOf }: Aligned): Promise<Set<number>> {
  const known = new Set<number>()
  for (const some of chunksOf(range(0, file.file.rows), rowsAtOnce)) {
    const change: NonNullable<IndexChange['change']>[number][] = []
    const forget: number[] = []
    for (const { ordinal, state, place, hotkey, jobId } of await index.rows(file.file.sha256, some)) {
      if (!place || hotkey !== group.hotkey || jobId !== group.job_id) continue
      const wanted = stateOf(place.row)
      if (wanted === undefined) forget.push(ordinal)
      else known.add(place.row)
      if (wanted !== undefined && wanted !== state) change.push({ ordinal, state: wanted, place })
    }
    if (change.length + forget.length > 0) await index.commit({ change, forget })
  }
  return known
}

/** @returns how many of the rows that were read in are shadowed */
async function readIn({ store, index, signal }: Comparison, group: DraftGroup, { file: { file }, stateOf }: Aligned): Promise<number> {
  let shadowed = 0
  await index.commit({ addFiles: [file.sha256] })
  for await (const rows of readForeignFile(store, { file, deletes: null }, { signal })) {
    const add: NonNullable<IndexChange['add']>[number][] = []
    for (const read of rows) {
      const state = stateOf(read.row)
      if (state === undefined || read instanceof RefusedRow) continue
      const signature = cleanDocument(read.document, group)
      if (typeof signature === 'string') continue
      if (state === 'shadowed') shadowed++
      add.push({ facts: rowFacts(read.document), signature, state, place: { file: file.sha256, row: read.row } })
    }
    await index.commit({ add })
  }
  return shadowed
}

/** Rows that the miner deleted from a file, by its current snapshot, as what was deleted once stays so; undefined where that has not the file. */
async function deletedOf(catalog: Catalog, store: ObjectStore, { hotkey, job_id }: DraftGroup, sha256: string): Promise<Rows | undefined> {
  const head = await catalog.head(lineage.snapshot(hotkey, job_id))
  const listed = head?.manifest.files.find(({ file }) => file.sha256 === sha256)
  return listed && (await deletedRows(store, listed))
}
