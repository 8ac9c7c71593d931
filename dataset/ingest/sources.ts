import type { Catalog } from '#schemas/catalog.ts'
import { limits, parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { SnapshotManifest } from '#schemas/manifest.ts'
import { verifyManifest } from '#infra/chain/signed-manifest.ts'

/** The snapshot of one job of one miner that is not in the dataset yet. Its signature holds, its files have not been looked at. */
export interface Source {
  /** Name of its catalog line. */
  line: string
  /** Content address of the manifest. */
  address: string
  manifest: SnapshotManifest
}

export interface SkippedSnapshot {
  line: string
  address: string
  /** Stable code. */
  reason: string
}

/** A job that has more files than this has not compacted them. */
const filesMax = 20_000

/**
 * Heads of snapshot lines, in byte order of their names, but for those whose address is known.
 * @param isKnown whether a snapshot was taken in, or refused, before
 */
export async function* findSources(
  catalog: Pick<Catalog, 'lines' | 'head'>,
  isKnown: (line: string, address: string) => boolean,
): AsyncGenerator<Source | SkippedSnapshot> {
  for (const line of await catalog.lines(families.snapshots)) {
    const head = await catalog.head(line)
    if (!head || isKnown(line.name, head.sha256)) continue
    const { name } = line
    const reason = fault(name, head.manifest)
    yield reason === undefined ? { line: name, address: head.sha256, manifest: head.manifest } : { line: name, address: head.sha256, reason }
  }
}

function fault(line: string, manifest: SnapshotManifest): string | undefined {
  const { hotkey, job_id, files } = manifest
  if (line !== lineage.snapshot(hotkey, job_id).name) return 'wrong_line'
  if (files.length > filesMax) return 'too_many_files'
  if (new Set(files.map(({ file }) => file.sha256)).size !== files.length) return 'file_twice'
  return verifyManifest(manifest) ? undefined : 'bad_signature'
}

/** Why a file of a snapshot cannot be one of that miner's job, by what is said of it. */
export function fileFault({ hotkey, job_id }: Pick<SnapshotManifest, 'hotkey' | 'job_id'>, { file, deletes }: ListedFile): string | undefined {
  const key = parseShardKey(file.key)
  if (key?.hotkey !== hotkey || key.jobId !== job_id || !parseShardName(key.name)) return 'wrong_key'
  if (file.bytes > limits.shardBytesMax) return 'too_large'
  if (deletes && deletes.key !== `deletes/hotkey=${hotkey}/${deletes.sha256}.dv`) return 'wrong_key'
  return deletes && deletes.rows > file.rows ? 'bad_deletes' : undefined
}
