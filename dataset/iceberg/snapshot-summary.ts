import { z } from 'zod'
import { pageSha256 } from '#infra/corpus/list-tree.ts'
import { listFolder, locationOf, type TablePlace } from './place.ts'
import type { GroupsList, WrittenSnapshot } from './state.ts'

/** What the summary of a snapshot says beside Iceberg's own counts: the version, and what its manifests were made of. */
const ours = { version: 'orrery.version', sha256: 'orrery.sha256', groups: 'orrery.groups' } as const

/** What the metadata say of a snapshot beside its ids. */
export const snapshotSummary = ({ version, sha256, groups, operation, counts }: WrittenSnapshot) => ({
  operation,
  ...Object.fromEntries(counts),
  [ours.version]: String(version),
  [ours.sha256]: sha256,
  [ours.groups]: groupsText(groups),
})

/** sha256 of the root page, its height and how many groups there are; formerly the sha256 of a list alone. */
const groupsPattern = /^([0-9a-f]{64})(?:-(\d{1,2})-(\d{1,15}))?$/

const groupsText = (groups: GroupsList): string => ('height' in groups ? `${pageSha256(groups.key)}-${groups.height}-${groups.items}` : groups.sha256)

function groupsOf(place: Pick<TablePlace, 'folder'>, text: string): GroupsList {
  const [, sha256 = '', height, items] = groupsPattern.exec(text) ?? []
  const key = `${listFolder(place)}${sha256}.json`
  return height === undefined ? { key, sha256 } : { key, items: Number(items), height: Number(height) }
}

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
          .object({
            operation: z.enum(['append', 'overwrite', 'delete']),
            [ours.sha256]: Sha256,
            [ours.groups]: z.string().regex(groupsPattern),
            [ours.version]: z.string(),
          })
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
      groups: groupsOf(place, groups),
      operation,
      counts: Object.entries(counts),
    }
  })
}
