import { setImmediate as nextTurn } from 'node:timers/promises'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { binaryOf } from '#schemas/iceberg/bounds.ts'
import { encodeAvro } from '#schemas/iceberg/avro-file.ts'
import { manifestFormat, type DataFileEntry, type ManifestEntry } from '#schemas/iceberg/manifest.ts'
import { partitionSpecs, specOf, type Partition, type PartitionSpec } from '#schemas/iceberg/table-schema.ts'
import type { VersionFile } from '#schemas/manifest.ts'
import { liveRows } from '../version-files.ts'
import { dataEntry, deletesEntry, partitionOf } from './data-entry.ts'
import { locationOf, putNamed, type TablePlace } from './place.ts'
import { encodePositionDeletes } from './position-deletes.ts'
import type { Since, WrittenFile, WrittenManifest } from './state.ts'

/** Between two turns of others. */
const filesAtOnce = 250

/** A file with what the table says of it. */
interface Entry {
  partition: Partition
  data: { since: Since; file: DataFileEntry }
  deletes: { since: Since; file: DataFileEntry } | null
}

/**
 * The manifests of one miner's job, of what it had before and what it has now: deletes are written for the vectors that are new, entries tell since when each
 * file counts. Files without a live row are left out. One deletion vector in memory at a time.
 * @throws OrreryError `data_unreadable`, `store_unavailable`; the signal's reason
 */
export async function writeGroup(
  place: TablePlace,
  files: readonly VersionFile[],
  { former, now, signal }: { former: readonly WrittenFile[]; now: Since; signal: AbortSignal },
): Promise<{ files: WrittenFile[]; manifests: WrittenManifest[] }> {
  const known = new Map(former.map((file) => [file.sha256, file]))
  const written: WrittenFile[] = []
  const entries: Entry[] = []
  for (const listed of files) {
    if (liveRows(listed) === 0) continue
    if (entries.length % filesAtOnce === filesAtOnce - 1) await nextTurn()
    signal.throwIfAborted()
    const { file } = listed
    const path = locationOf(place, await place.bring(file))
    const before = known.get(file.sha256)
    const since = before?.since ?? now
    const deletes = await writeDeletes(place, listed, path, before, now)
    written.push({ sha256: file.sha256, rows: file.rows, since, deletes })
    entries.push({
      partition: partitionOf(file),
      data: { since, file: dataEntry(file, path) },
      deletes: deletes && {
        since: deletes.since,
        file: deletesEntry(file, path, { object: deletes.object, rows: deletes.vector.rows }, locationOf(place, deletes.object.key)),
      },
    })
  }
  return { files: written, manifests: await writeManifests(place, entries, now) }
}

/** Deletes as they were, while the vector is the same. */
async function writeDeletes(
  place: TablePlace,
  listed: VersionFile,
  path: string,
  before: WrittenFile | undefined,
  now: Since,
): Promise<WrittenFile['deletes']> {
  const vector = listed.deletes
  if (!vector) return null
  if (before?.deletes?.vector.sha256 === vector.sha256) return before.deletes
  const bytes = await encodePositionDeletes(path, await readDeletionVector(place.source, listed))
  return { vector, object: await putNamed(place, bytes, 'deletes', '.parquet'), since: now }
}

/** One for the data and one for the deletes of each partition spec that files have. */
async function writeManifests(place: TablePlace, entries: readonly Entry[], now: Since): Promise<WrittenManifest[]> {
  const manifests: WrittenManifest[] = []
  for (const spec of partitionSpecs) {
    const some = entries.filter(({ partition }) => specOf(partition) === spec)
    const data = some.map(({ data }) => data)
    const deletes = some.flatMap(({ deletes }) => deletes ?? [])
    for (const [content, of] of [
      [0, data],
      [1, deletes],
    ] as const)
      if (of.length > 0) manifests.push(await writeManifest(place, { spec, content, of, partitions: some.map(({ partition }) => partition), now }))
  }
  return manifests
}

interface ManifestParts {
  spec: PartitionSpec
  content: 0 | 1
  of: readonly { since: Since; file: DataFileEntry }[]
  /** Of all of them, maybe of more. */
  partitions: readonly Partition[]
  now: Since
}

async function writeManifest(place: TablePlace, { spec, content, of, partitions, now }: ManifestParts): Promise<WrittenManifest> {
  const isNew = ({ since }: { since: Since }): boolean => since.snapshotId === now.snapshotId
  const records = of.map(({ since, file }): ManifestEntry => ({
    status: isNew({ since }) ? 1 : 0,
    snapshot_id: since.snapshotId,
    sequence_number: since.sequenceNumber,
    file_sequence_number: since.sequenceNumber,
    data_file: file,
  }))
  return {
    object: await putNamed(place, await encodeAvro(records, manifestFormat(spec, content === 0 ? 'data' : 'deletes')), 'metadata', '-m.avro'),
    specId: spec['spec-id'],
    content,
    since: now,
    minSequenceNumber: of.reduce((least, { since }) => Math.min(least, since.sequenceNumber), now.sequenceNumber),
    added: count(of.filter(isNew)),
    existing: count(of.filter((entry) => !isNew(entry))),
    partitions: spec.fields.map(({ transform }) => (transform === 'identity' ? labelRange(partitions) : dayRange(partitions))),
  }
}

const count = (some: readonly { file: DataFileEntry }[]) => ({ files: some.length, rows: some.reduce((sum, { file }) => sum + file.record_count, 0) })

/** Lowest and highest, in hex. */
function labelRange(partitions: readonly Partition[]): [string, string] {
  const labels = partitions.map(({ label = '' }) => binaryOf.string(label)).toSorted((a, b) => a.compare(b))
  return [(labels[0] as Buffer).toString('hex'), (labels.at(-1) as Buffer).toString('hex')]
}

function dayRange(partitions: readonly Partition[]): [string, string] {
  const days = partitions.map(({ datetime_day: day = 0 }) => day)
  const pick = (by: (a: number, b: number) => number): string => binaryOf.int(days.reduce((a, b) => by(a, b))).toString('hex')
  return [pick(Math.min), pick(Math.max)]
}
