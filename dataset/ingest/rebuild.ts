import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Catalog } from '#schemas/catalog.ts'
import type { NamedCounts } from '#schemas/data-file.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionGroup, VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import type { Sql } from '#schemas/sql.ts'
import { readVersionGroups } from '#infra/corpus/groups.ts'
import { readDataFile, readForeignFile } from '#infra/corpus/read-data-file.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { liveRows, readGroup, versionFiles } from '../version-files.ts'
import { isBuilt } from '../versions.ts'
import { cleanDocument } from './clean.ts'
import { findDuplicates } from './duplicates.ts'
import { Sights } from './sights.ts'
import { fileFault, findSources, readSource, withFormer, type Source } from './sources.ts'
import type { Trust } from './trust.ts'
import { verdictMemory } from './verdicts.ts'

export interface RebuildRequest {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  /** Of the dataset. */
  name: string
  /** Whom it believes; asked once. */
  trust(): Promise<Trust>
  signal: AbortSignal
}

/** Who a document is taken from. */
type Owner = Pick<Document, 'hotkey' | 'job_id'>

interface Rebuilt {
  /** By id. */
  documents: Map<string, Owner>
  /** Keys of files of miners that cannot be read; ingest leaves them out, too. And lines of snapshots that were taken in and are no longer kept. */
  unreadable: Set<string>
}

/**
 * The documents that a dataset has when it is made of the current snapshots alone, all at once by the SQL script: what the increments must come to. Of the
 * newest version only the sights are taken: which row was seen first. Each job's cleaned documents are written as an object, and deleted at the end.
 */
export async function rebuild({ catalog, store, sql, name, trust, signal }: RebuildRequest): Promise<Rebuilt> {
  const [parts, written]: [string[], string[]] = [[], []]
  const [documents, unreadable] = [new Map<string, Owner>(), new Set<string>()]
  const spool = await mkdtemp(join(tmpdir(), 'orrery-check-'))
  try {
    const head = await catalog.head(lineage.dataset(name))
    const version = head?.kind === 'version' ? head.manifest : undefined
    const groups = version ? (await readVersionGroups(store, version)).items : []
    const snapshots = new Map(groups.map(({ hotkey, job_id, snapshot }) => [lineage.snapshot(hotkey, job_id).name, snapshot]))
    const believed = await trust()
    const found = await findSources({ catalog, name, trust: believed, verdicts: verdictMemory() })
    for (const each of withFormer(found, groups, believed)) {
      const source = await readSource({ catalog }, each, snapshots.get(each.line))
      if ('reason' in source) {
        if (snapshots.has(each.line)) unreadable.add(each.line)
        continue
      }
      const { ids, key } = await writePart({ store, name, spool, signal, version, groups, written }, source.manifest, unreadable)
      if (key !== undefined) parts.push(key)
      const { hotkey, job_id } = source.manifest
      for (const id of ids) documents.set(id, { hotkey, job_id })
    }
    const { winners, near } = await findDuplicates(sql, parts, signal)
    for (const [id, { hotkey, jobId }] of winners) documents.set(id, { hotkey, job_id: jobId })
    for (const id of near) documents.delete(id)
    return { documents, unreadable }
  } finally {
    for (const key of written) await store.delete(key)
    await rm(spool, { recursive: true, force: true })
  }
}

interface PartPlace {
  spool: string
  version: VersionManifest | undefined
  /** Of the version. */
  groups: readonly VersionGroup[]
  /** Takes the keys of what is written. */
  written: string[]
}

/** @param unreadable takes what turns out not to be readable: then the job is begun anew without it */
async function writePart(
  { store, name, spool, signal, version, groups, written }: Pick<RebuildRequest, 'store' | 'name' | 'signal'> & PartPlace,
  manifest: Source['manifest'],
  unreadable: Set<string>,
): Promise<{ ids: Set<string>; key: string | undefined }> {
  const keyOf = ({ sha256 }: { sha256: string }): string => `datasets/${name}/check/${sha256}.parquet`
  const sightOf = await sightsOf(store, { version, groups }, manifest)
  for (;;) {
    const [ids, known] = [new Set<string>(), unreadable.size]
    try {
      const documents = cleaned(store, manifest, { ids, unreadable, sightOf }, signal)
      const { rows, key, row_list: list } = await writeDataFile(store, { documents, codec: 'zstd', writtenAt: new Date(0), keyOf, spool })
      written.push(key, ...(list ? [list.key] : []))
      return { ids, key: rows > 0 ? key : undefined }
    } catch (error) {
      if (unreadable.size === known) throw error
    }
  }
}

type SightOf = (file: string, row: number) => number

/** When the rows of a job were seen first, by what the version says; what it has not is newer than all it has. */
async function sightsOf(store: ObjectStore, { version, groups }: Pick<PartPlace, 'version' | 'groups'>, { hotkey, job_id }: Owner): Promise<SightOf> {
  const group = groups.find((each) => each.hotkey === hotkey && each.job_id === job_id)
  const sights = new Map<string, Sights>()
  for (const listed of group ? await readGroup(store, group) : []) sights.set(listed.file.sha256, await Sights.read(store, listed))
  return (file, row) => sights.get(file)?.at(row) ?? (version?.sights ?? 0) + 1
}

export interface Check {
  /** Of the newest version. */
  version: number
  documents: number
  /** Ids that a rebuild has and the version has not, and the other way round; some of them. */
  missing: string[]
  extra: string[]
  /** Rows of the version that a rebuild knows no bounds for: not looked at yet, or of more labels than a hotkey may have. They are missing. */
  left_out: NamedCounts
  /** Keys of files of miners that cannot be read, and lines whose snapshot is no longer kept, some of them: what the version has of such a job may be older than its snapshot. */
  unreadable: string[]
}

const shown = 20

/**
 * Compares the newest version with a rebuild. Where it was made of the current snapshots both have the same documents.
 * @throws OrreryError `not_found` while there is no version, `invalid_argument` for a dataset that was built of another
 */
export async function check(request: RebuildRequest): Promise<Check> {
  const { catalog, store, name, signal } = request
  const head = await catalog.head(lineage.dataset(name))
  if (!head) throw new OrreryError('not_found', `There is no dataset "${name}" to check yet; make one with \`orrery dataset ingest --once\`.`, { name })
  if (isBuilt(head)) throw new OrreryError('invalid_argument', `The dataset "${name}" was built of another; check that one.`, { name })
  const { documents: wanted, unreadable } = await rebuild(request)
  const extra: string[] = []
  for await (const listed of versionFiles(store, head.manifest)) {
    if (liveRows(listed) === 0) continue
    for await (const rows of readDataFile(store, listed, { signal, columns: ['id'] }))
      for (const { document } of rows) if (!wanted.delete(document.id)) extra.push(document.id)
  }
  const { version, manifest } = head
  const some = (names: { keys(): IteratorObject<string> }): string[] => names.keys().take(shown).toArray()
  const left_out = (head.kind === 'version' ? head.manifest.dropped : []).filter(([reason]) => reason === 'not_taken' || reason === 'too_many_labels')
  return { version, documents: manifest.documents, missing: some(wanted), extra: extra.slice(0, shown), left_out, unreadable: some(unreadable) }
}

async function* cleaned(
  store: ObjectStore,
  { files, ...job }: Source['manifest'],
  { ids, unreadable, sightOf }: { ids: Set<string>; unreadable: Set<string>; sightOf: SightOf },
  signal: AbortSignal,
): AsyncGenerator<Document> {
  for (const listed of files) {
    if (unreadable.has(listed.file.key) || fileFault(job, listed) !== undefined) continue
    try {
      for await (const rows of readForeignFile(store, listed, { signal }))
        for (const read of rows) {
          if (read instanceof RefusedRow || typeof cleanDocument(read.document, job) === 'string') continue
          ids.add(read.document.id)
          yield { ...read.document, title: String(sightOf(listed.file.sha256, read.row)) }
        }
    } catch (error) {
      if (error instanceof OrreryError && (error.code === 'invalid_record' || error.code === 'not_found')) unreadable.add(listed.file.key)
      throw error
    }
  }
}
