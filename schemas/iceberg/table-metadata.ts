import { lastColumnId, lastPartitionId, nameMapping, partitionSpecs, tableSchema } from './table-schema.ts'

/** A snapshot of a table (Iceberg spec, Snapshots). */
interface TableSnapshot {
  snapshotId: number
  parentId: number | null
  sequenceNumber: number
  /** ms since epoch */
  committedAt: number
  /** Location of its manifest list. */
  manifestList: string
  summary: { operation: 'append' | 'overwrite' | 'delete' } & Record<string, string>
  /** A tag that names it. */
  tag: string
}

export interface TableFacts {
  uuid: string
  location: string
  properties: Record<string, string>
  /** Oldest first; the last is the current one. */
  snapshots: readonly TableSnapshot[]
}

/** 52 bits of a content address: exact as a number of JavaScript and of JSON, and the same wherever the version is. */
export const snapshotIdOf = (sha256: string): number => Number.parseInt(sha256.slice(0, 13), 16)

/** The table as `metadata.json` has it, format version 2 (Iceberg spec, Table Metadata). */
export function tableMetadata({ uuid, location, properties, snapshots }: TableFacts) {
  const current = snapshots.at(-1)
  const times = risingTimes(snapshots)
  return {
    'format-version': 2,
    'table-uuid': uuid,
    location,
    'last-sequence-number': current?.sequenceNumber ?? 0,
    'last-updated-ms': current?.committedAt ?? 0,
    'last-column-id': lastColumnId,
    schemas: [tableSchema],
    'current-schema-id': tableSchema['schema-id'],
    'partition-specs': partitionSpecs,
    'default-spec-id': partitionSpecs[2]['spec-id'],
    'last-partition-id': lastPartitionId,
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    'default-sort-order-id': 0,
    properties: { ...properties, 'schema.name-mapping.default': JSON.stringify(nameMapping) },
    'current-snapshot-id': current?.snapshotId ?? -1,
    snapshots: snapshots.map((snapshot, at) => ({
      'snapshot-id': snapshot.snapshotId,
      ...(snapshot.parentId !== null && { 'parent-snapshot-id': snapshot.parentId }),
      'sequence-number': snapshot.sequenceNumber,
      'timestamp-ms': times[at],
      'manifest-list': snapshot.manifestList,
      summary: snapshot.summary,
      'schema-id': tableSchema['schema-id'],
    })),
    'snapshot-log': snapshots.map(({ snapshotId }, at) => ({ 'snapshot-id': snapshotId, 'timestamp-ms': times[at] })),
    'metadata-log': [],
    refs: Object.fromEntries([
      ...snapshots.map(({ tag, snapshotId }) => [tag, { 'snapshot-id': snapshotId, type: 'tag' }]),
      ...(current ? [['main', { 'snapshot-id': current.snapshotId, type: 'branch' }]] : []),
    ]),
  }
}

/** Readers refuse a log whose times fall: one that a wrong clock set is no later than what follows it. */
function risingTimes(snapshots: readonly TableSnapshot[]): number[] {
  const times = snapshots.map(({ committedAt }) => committedAt)
  for (let at = times.length - 2; at >= 0; at--) times[at] = Math.min(times[at] as number, times[at + 1] as number)
  return times
}

export type TableMetadata = ReturnType<typeof tableMetadata>
