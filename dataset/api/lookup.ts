import { basename } from 'node:path/posix'
import { readVersionGroups } from '#infra/corpus/groups.ts'
import { historyPageMax, type Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DatasetManifest, VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { headOf, snapshotOf, versionOf } from './recent-entries.ts'
import type { DocumentFields, Provenance } from './wire.ts'

/** @throws OrreryError `not_found` */
export async function requireDataset(catalog: Catalog, name: string, version?: number): Promise<DatasetEntry> {
  const head = await headOf(catalog, name)
  if (!head) throw new OrreryError('not_found', `There is no dataset "${name}"; GET /v1/datasets lists what there is.`, { name })
  if (version === undefined || version === head.version) return head
  const found = await versionOf(catalog, name, version)
  if (found) return found
  throw new OrreryError('not_found', `Dataset "${name}" has no version ${version}, or no longer; the newest is ${head.version}.`, { name, version })
}

interface Parts {
  catalog: Catalog
  store: Pick<ObjectStore, 'get'>
}

/** From a document back to the signed manifest that lists the shard it came in. @param file key of the one in which the version has it */
export async function provenanceOf(
  parts: Parts,
  entry: DatasetEntry,
  { hotkey, job_id }: Pick<DocumentFields, 'hotkey' | 'job_id'>,
  file: string,
): Promise<Provenance> {
  const { version, sha256, manifest } = entry
  const shard =
    manifest.kind === 'version'
      ? await shardOf(parts, manifest, { hotkey, job_id, sha256: basename(file, '.parquet') })
      : await formerShardOf(parts.catalog, manifest, { hotkey, job_id })
  return { dataset: { name: manifest.name, version, sha256 }, hotkey, job_id, shard }
}

interface Origin {
  hotkey: string
  job_id: string
}

async function shardOf(
  { catalog, store }: Parts,
  manifest: VersionManifest,
  { hotkey, job_id, sha256 }: Origin & { sha256: string },
): Promise<Provenance['shard']> {
  const address = (await readVersionGroups(store, manifest)).items.find((group) => group.hotkey === hotkey && group.job_id === job_id)?.snapshot
  const snapshot = address ? await snapshotOf(catalog, { hotkey, job_id }, address) : undefined
  const listed = snapshot?.manifest.files.find((listed) => listed.file.sha256 === sha256)
  return snapshot && listed ? { manifest: snapshot.sha256, key: listed.file.key, sha256, written_at: listed.file.written_at } : null
}

async function formerShardOf(catalog: Catalog, { sources }: DatasetManifest, { hotkey, job_id }: Origin): Promise<Provenance['shard']> {
  const history = await catalog.history(lineage.shard(hotkey, job_id), { limit: historyPageMax })
  const shard = history.find(({ manifest }) => sources.includes(manifest.file.sha256))
  return shard ? { manifest: shard.sha256, key: shard.manifest.file.key, sha256: shard.manifest.file.sha256, written_at: shard.manifest.written_at } : null
}

const urlMs = 3_600_000

/** undefined when this store cannot sign, or nobody serves what it signs. */
export async function signedUrl(store: ObjectStore, key: string): Promise<string | null> {
  try {
    return (await store.signGet(key, urlMs)).url
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_argument') return null
    throw error
  }
}
