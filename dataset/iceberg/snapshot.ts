import { readVersionGroups } from '#infra/corpus/groups.ts'
import { planTree } from '#infra/corpus/list-tree.ts'
import { encodeAvro } from '#schemas/iceberg/avro-file.ts'
import { manifestListSchema, type ManifestFile } from '#schemas/iceberg/manifest.ts'
import { snapshotIdOf } from '#schemas/iceberg/table-metadata.ts'
import type { VersionFile } from '#schemas/manifest.ts'
import { formerFiles, readGroup } from '../version-files.ts'
import type { AnyVersion, DatasetEntry } from '../versions.ts'
import { writeGroup } from './group.ts'
import { listFolder, locationOf, putAt, putList, putNamed, type TablePlace } from './place.ts'
import { SnapshotTally, totalsOf } from './snapshot-tally.ts'
import { readFiles, readGroups, type Since, type WrittenGroup, type WrittenManifest, type WrittenSnapshot } from './state.ts'

/** Of one miner's job in a version: what it is known by from one version to the next, and what it is now. */
interface SourceGroup {
  line: string
  source: string
  files(): Promise<VersionFile[]>
}

async function groupsOf(place: TablePlace, { sha256, manifest }: { sha256: string; manifest: AnyVersion }): Promise<SourceGroup[]> {
  if (manifest.kind === 'dataset') return [{ line: 'former', source: sha256, files: async () => formerFiles(manifest) }]
  return (await readVersionGroups(place.source, manifest)).items.map((group) => ({
    line: `${group.hotkey}/${group.job_id}`,
    source: group.list.sha256,
    files: () => readGroup(place.source, group),
  }))
}

/**
 * Writes the snapshot of a version: manifests of what changed since the snapshot before, those of the rest as they are.
 * @throws OrreryError `data_unreadable`, `store_unavailable`; the signal's reason
 */
export async function writeSnapshot(
  place: TablePlace,
  entry: DatasetEntry,
  { former, signal }: { former: WrittenSnapshot | undefined; signal: AbortSignal },
): Promise<WrittenSnapshot> {
  const now: Since = { snapshotId: snapshotIdOf(entry.sha256), sequenceNumber: entry.version }
  const known = former && (await readGroups(place, former))
  const before = new Map((known?.items ?? []).map((group) => [group.line, group]))
  const tally = new SnapshotTally()
  const groups: WrittenGroup[] = []
  for (const { line, source, files } of await groupsOf(place, entry)) {
    signal.throwIfAborted()
    const own = before.get(line)
    before.delete(line)
    if (own?.source === source) {
      groups.push(own)
      tally.keep(own)
      continue
    }
    const former = own ? await readFiles(place, own) : []
    const group = await writeGroup(place, await files(), { former, now, signal })
    tally.change(former, group.files)
    groups.push({ line, source, files: await putList(place, group.files), manifests: group.manifests, totals: totalsOf(group.files) })
  }
  for (const gone of before.values()) tally.change(await readFiles(place, gone), [])
  const records = groups.flatMap(({ manifests }) => manifests.map((manifest) => manifestFile(place, manifest)))
  const metadata = { 'snapshot-id': String(now.snapshotId), 'sequence-number': String(now.sequenceNumber), 'format-version': '2' }
  const list = await putNamed(place, await encodeAvro(records, { schema: manifestListSchema, metadata }), 'metadata', '-snap.avro')
  const { tree, pages } = planTree(groups, { prefix: listFolder(place), nameOf: ({ line }) => line, former: known })
  for (const [key, { bytes }] of pages) await putAt(place, key, bytes)
  return {
    version: entry.version,
    sha256: entry.sha256,
    parent: former?.sha256 ?? null,
    committedAt: entry.committedAt,
    manifestList: { key: list.key },
    groups: tree,
    operation: tally.operation,
    counts: tally.counts(entry.manifest.documents),
  }
}

function manifestFile(place: TablePlace, { object, specId, content, since, minSequenceNumber, added, existing, partitions }: WrittenManifest): ManifestFile {
  return {
    manifest_path: locationOf(place, object.key),
    manifest_length: object.bytes,
    partition_spec_id: specId,
    content,
    sequence_number: since.sequenceNumber,
    min_sequence_number: minSequenceNumber,
    added_snapshot_id: since.snapshotId,
    added_files_count: added.files,
    existing_files_count: existing.files,
    deleted_files_count: 0,
    added_rows_count: added.rows,
    existing_rows_count: existing.rows,
    deleted_rows_count: 0,
    partitions: partitions.map(([lower, upper]) => ({
      contains_null: false,
      lower_bound: Buffer.from(lower, 'hex'),
      upper_bound: Buffer.from(upper, 'hex'),
    })),
  }
}
