import { z } from 'zod'
import { listKey, locationOf, type TablePlace } from './place.ts'
import type { WrittenSnapshot } from './state.ts'

/** What the summary of a snapshot says beside Iceberg's own counts: the version, and what its manifests were made of. */
const ours = { version: 'orrery.version', sha256: 'orrery.sha256', groups: 'orrery.groups' } as const

/** What the metadata say of a snapshot beside its ids. */
export const snapshotSummary = ({ version, sha256, groups, operation, counts }: WrittenSnapshot) => ({
  operation,
  ...Object.fromEntries(counts),
  [ours.version]: String(version),
  [ours.sha256]: sha256,
  [ours.groups]: groups.sha256,
})

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** Of a table's metadata, what was written of a snapshot. */
const MetadataSnapshots = z.object({
  snapshots: z
    .array(
      z.object({
        'snapshot-id': z.int(),
        'parent-snapshot-id': z.int().optional(),
        'sequence-number': z.int(),
        'timestamp-ms': z.int(),
        'manifest-list': z.string(),
        summary: z
          .object({ operation: z.enum(['append', 'overwrite', 'delete']), [ours.sha256]: Sha256, [ours.groups]: Sha256, [ours.version]: z.string() })
          .catchall(z.string()),
      }),
    )
    .min(1),
})

/** @returns the snapshots that a table's metadata have, oldest first; undefined where they are not of this program */
export function readSnapshots(metadata: unknown, place: Pick<TablePlace, 'folder' | 'root'>): WrittenSnapshot[] | undefined {
  const read = MetadataSnapshots.safeParse(metadata).data
  if (!read) return undefined
  const addresses = new Map(read.snapshots.map((snapshot) => [snapshot['snapshot-id'], snapshot.summary[ours.sha256]]))
  const rootChars = locationOf(place, '').length
  return read.snapshots.map((snapshot) => {
    const { operation, [ours.version]: _, [ours.sha256]: sha256, [ours.groups]: groups, ...counts } = snapshot.summary
    return {
      version: snapshot['sequence-number'],
      sha256,
      parent: addresses.get(snapshot['parent-snapshot-id'] ?? -1) ?? null,
      committedAt: snapshot['timestamp-ms'],
      manifestList: { key: snapshot['manifest-list'].slice(rootChars) },
      groups: { key: listKey(place, groups), sha256: groups },
      operation,
      counts: Object.entries(counts),
    }
  })
}
