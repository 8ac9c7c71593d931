import { signManifest } from '#infra/chain/signed-manifest.ts'
import { tellCurrent } from '#infra/corpus/current.ts'
import { readDeletionVector, writeDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { canonicalJson, contentAddress } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { DataFile, ListedFile } from '#schemas/data-file.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { SnapshotManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { addCounts, noDuplicates, type DuplicateCounts } from '../dedup/copies.ts'

/** What a job has now: the head of its line. */
export interface SnapshotHead {
  sha256: string
  manifest: SnapshotManifest
}

/** By job. */
export type SnapshotHeads = ReadonlyMap<string, SnapshotHead>

/** What comes to a job and leaves it. */
export interface JobChange {
  came: DataFile[]
  /** sha256 of files that others take the place of. */
  went: Set<string>
  /** Rows that are gone, by the sha256 of their file. */
  deleted: Map<string, number[]>
  duplicates: DuplicateCounts
}

export const noChange = (): JobChange => ({ came: [], went: new Set(), deleted: new Map(), duplicates: noDuplicates })

export interface HeadParts {
  signer: Signer
  store: ObjectStore
  catalog: Catalog
  /** Stamps manifests. */
  facts: Clock
  /** What the manifests say they were made by. */
  origin: SnapshotManifest['origin']
}

/** Where manifests of a hotkey lie in the store. */
export const manifestKey = (hotkey: string, sha256: string): string => `manifests/hotkey=${hotkey}/${sha256}.json`

/** Where the current snapshot of a job is told (infra/corpus/current.ts). */
export const currentFolder = (hotkey: string, jobId: string): string => `manifests/hotkey=${hotkey}/job_id=${jobId}/`

/** To the second, as the names of shards say it. */
export const stampOf = ({ now }: Clock): Date => new Date(Math.floor(now() / 1000) * 1000)

export async function readHeads(catalog: Catalog, hotkey: string): Promise<Map<string, SnapshotHead>> {
  const heads = new Map<string, SnapshotHead>()
  for (const line of await catalog.lines(families.snapshotsOf(hotkey))) {
    const head = await catalog.head(line)
    if (head) heads.set(head.manifest.job_id, { sha256: head.sha256, manifest: head.manifest })
  }
  return heads
}

export const liveRows = ({ file, deletes }: ListedFile): number => file.rows - (deletes?.rows ?? 0)

/** About as many of a file's bytes as its live rows have. */
export const liveBytes = (listed: ListedFile): number => (listed.file.rows === 0 ? 0 : Math.floor((listed.file.bytes * liveRows(listed)) / listed.file.rows))

const filesOf = (heads: SnapshotHeads): ListedFile[] => [...heads.values()].flatMap(({ manifest }) => manifest.files)

export const rowsOf = (heads: SnapshotHeads): number => filesOf(heads).reduce((sum, listed) => sum + liveRows(listed), 0)

/**
 * Writes deletion vectors and manifests as objects: nobody knows of them before the heads are committed. A file without live rows is listed no more.
 * @returns what the heads are going to be, and the files (sha256) that leave them
 */
export async function writeSnapshots(
  parts: HeadParts,
  heads: SnapshotHeads,
  changes: ReadonlyMap<string, JobChange>,
): Promise<{ heads: Map<string, SnapshotHead>; left: string[] }> {
  const next = new Map(heads)
  const left: string[] = []
  for (const [jobId, change] of changes) {
    const former = heads.get(jobId)
    const files: ListedFile[] = []
    for (const listed of former?.manifest.files ?? []) {
      const changed = change.went.has(listed.file.sha256) ? undefined : await withDeletes(parts, listed, change.deleted.get(listed.file.sha256) ?? [])
      if (changed === undefined) left.push(listed.file.sha256)
      else files.push(changed)
    }
    for (const file of change.came) {
      const listed = await withDeletes(parts, { file, deletes: null }, change.deleted.get(file.sha256) ?? [])
      if (listed) files.push(listed)
    }
    next.set(jobId, await writeManifest(parts, jobId, files, former, change.duplicates))
  }
  return { heads: next, left }
}

/** What is not there of one of our own files. */
export const lostPart =
  ({ key }: DataFile) =>
  (error: unknown): never => {
    if (!(error instanceof OrreryError && error.code === 'not_found')) throw error
    throw new OrreryError(
      'data_unreadable',
      `The shard ${key} is in a snapshot of this miner, but not all of it is in the store (${error.message}): restore it from a backup, then start again.`,
      { key },
      error,
    )
  }

/** undefined when no row is left. */
async function withDeletes({ store, signer }: HeadParts, listed: ListedFile, more: readonly number[]): Promise<ListedFile | undefined> {
  if (more.length === 0) return listed
  const { file } = listed
  const rows = (await readDeletionVector(store, listed).catch(lostPart(file))).union(DeletedRows.of(more))
  return rows.size === file.rows ? undefined : { file, deletes: await writeDeletionVector(store, `deletes/hotkey=${signer.address}/`, rows) }
}

async function writeManifest(
  { signer, store, facts, origin }: HeadParts,
  jobId: string,
  files: ListedFile[],
  former: SnapshotHead | undefined,
  duplicates: DuplicateCounts,
): Promise<SnapshotHead> {
  const manifest = signManifest(
    {
      kind: 'snapshot' as const,
      parent: former?.sha256 ?? null,
      origin,
      hotkey: signer.address,
      job_id: jobId,
      written_at: stampOf(facts).toISOString(),
      files,
      duplicates: addCounts(former?.manifest.duplicates ?? noDuplicates, duplicates),
    },
    signer,
  )
  const sha256 = contentAddress(manifest)
  await store.put(manifestKey(signer.address, sha256), Buffer.from(canonicalJson(manifest)))
  return { sha256, manifest }
}

/** The same rows, of which more is told now. */
export const relistSnapshot = (parts: HeadParts, { sha256, manifest }: SnapshotHead, files: ListedFile[]): Promise<SnapshotHead> =>
  writeManifest(parts, manifest.job_id, files, { sha256, manifest }, noDuplicates)

/** Makes heads known that are not yet. Doing it again changes nothing. @throws OrreryError `conflict` when a line went another way */
export async function commitHeads({ catalog, signer, store }: HeadParts, heads: Iterable<SnapshotHead>): Promise<void> {
  for (const { manifest } of heads) {
    const entry = await catalog.commit(lineage.snapshot(signer.address, manifest.job_id), manifest.parent ?? undefined, manifest)
    await tellCurrent(store, currentFolder(signer.address, manifest.job_id), entry, { manifest: { key: manifestKey(signer.address, entry.sha256) } })
  }
}
