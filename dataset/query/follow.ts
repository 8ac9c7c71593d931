import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readVersionGroups } from '#infra/corpus/groups.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { columnTable, type ColumnName } from '#schemas/document-columns.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DatasetManifest, VersionFile, VersionGroup } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { readGroup, versionFiles } from '../version-files.ts'
import type { DatasetEntry } from '../versions.ts'
import type { ClaimedGroup, IndexWriter, TakenRow } from './index/index-writer.ts'

/** What the index takes in; the signature and the Markdown of a document say nothing that is sought. */
const columns = (Object.keys(columnTable) as ColumnName[]).filter((name) => name !== 'minhash' && name !== 'markdown')
const filesAtOnce = 1000
const manifestsAtOnce = 20

export interface FollowParts {
  catalog: Pick<Catalog, 'history' | 'get'>
  store: Pick<ObjectStore, 'get'>
  writer: IndexWriter
  telemetry: Telemetry
  signal: AbortSignal
}

/**
 * Takes into an index all kept versions up to this one that it has not, oldest first, so that each of them can be asked; and forgets rows that no kept version has.
 * Of a version it reads the lists that differ, the deletion vectors that differ, and the rows that are new.
 */
export async function followVersions(parts: FollowParts, head: DatasetEntry): Promise<void> {
  const { catalog, writer, signal } = parts
  const line = lineage.dataset(head.manifest.name)
  const { followed } = await writer.state()
  if (followed < head.version) {
    for (const version of await keptSince(catalog, line, { followed, head: head.version })) {
      const entry = await catalog.get(line, { version })
      if (entry) await followUnlessGone(parts, entry)
    }
    await followVersion(parts, head)
    const { oldest } = await writer.state()
    const kept = await oldestKept(catalog, line, { from: oldest, to: head.version })
    do signal.throwIfAborted()
    while (await writer.forget(kept))
  }
  do signal.throwIfAborted()
  while (await writer.tidy())
}

type DatasetLine = ReturnType<typeof lineage.dataset>

/** Versions that are kept between these two, oldest first; of their manifests some at a time. */
async function keptSince(catalog: FollowParts['catalog'], line: DatasetLine, { followed, head }: { followed: number; head: number }): Promise<number[]> {
  const versions: number[] = []
  for (let before = head; before > followed + 1;) {
    const page = await catalog.history(line, { before, limit: manifestsAtOnce })
    for (const { version } of page) if (version > followed) versions.push(version)
    before = page.length < manifestsAtOnce ? 0 : (page.at(-1)?.version ?? 0)
  }
  return versions.toReversed()
}

/** The first that there is still, from the one that was the oldest when it was last looked for. */
async function oldestKept(catalog: FollowParts['catalog'], line: DatasetLine, { from, to }: { from: number; to: number }): Promise<number> {
  for (let version = from; version < to; version++) if (await catalog.get(line, { version })) return version
  return to
}

/** A version may expire while it is read, and its lists with it. */
async function followUnlessGone(parts: FollowParts, entry: DatasetEntry): Promise<void> {
  try {
    await followVersion(parts, entry)
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'not_found')) throw error
  }
}

async function followVersion(parts: FollowParts, { version, manifest }: DatasetEntry): Promise<void> {
  const { store, writer, signal } = parts
  const listed = manifest.kind === 'version' ? (await readVersionGroups(store, manifest)).items : []
  const groups = manifest.kind === 'version' ? listed.map(claimed) : [formerGroup(manifest)]
  for (const { place, owner } of await writer.begin(version, groups)) {
    signal.throwIfAborted()
    const group = listed[place]
    const files = group ? await readGroup(store, group) : await Array.fromAsync(versionFiles(store, manifest))
    for (let from = 0; from === 0 || from < files.length; from += filesAtOnce) {
      const some = files.slice(from, from + filesAtOnce)
      const claimed = some.map(({ file: { key, bytes, rows }, deletes }) => ({ key, bytes, rows, deletes: deletes?.sha256 ?? '' }))
      const changed = await writer.files(version, owner, claimed, from + filesAtOnce >= files.length)
      for (const { place: at, file } of changed) {
        const isRead = await followUnlessBroken(parts, version, { file, listed: some[at] as VersionFile })
        // The next version looks at its group again.
        if (!isRead) groups[place] = { ...(groups[place] as ClaimedGroup), list: '' }
      }
    }
  }
  await writer.finish(version, groups)
}

interface FollowedFile {
  /** In the index. */
  file: number
  listed: VersionFile
}

/** A file that is gone or damaged costs its own documents. @returns whether it was read whole */
async function followUnlessBroken(parts: FollowParts, version: number, followed: FollowedFile): Promise<boolean> {
  try {
    await followFile(parts, version, followed)
    return true
  } catch (error) {
    if (!(error instanceof OrreryError && brokenCodes.has(error.code))) throw error
    parts.telemetry.event('dataset.file_unreadable', { key: followed.listed.file.key, reason: error.message })
    return false
  }
}

const brokenCodes = new Set<string>(['data_unreadable', 'invalid_record', 'not_found'])

async function followFile({ store, writer, signal }: FollowParts, version: number, { file, listed }: FollowedFile): Promise<void> {
  const deleted = await readDeletionVector(store, listed)
  const rows = await writer.rows(version, file, deleted.words)
  if (rows.length > 0) {
    for await (const batch of readDataFile(store, { file: listed.file, deletes: null }, { signal, columns, rows })) {
      const taken = batch.map(({ row, document: { text, ...document } }): TakenRow => ({ position: row, document: document as TakenRow['document'], text }))
      await writer.add(version, file, taken)
    }
  }
  await writer.done(file, listed.deletes?.sha256 ?? '')
}

/** A version of before there were groups is one. */
const formerGroup = ({ files }: DatasetManifest): ClaimedGroup => ({ hotkey: '', job: '', list: files.map(({ sha256 }) => sha256).join() })
const claimed = ({ hotkey, job_id, list }: VersionGroup): ClaimedGroup => ({ hotkey, job: job_id, list: list.sha256 })
