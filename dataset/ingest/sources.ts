import type { Catalog } from '#schemas/catalog.ts'
import { limits, parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { ShardManifest } from '#schemas/manifest.ts'

/** The current shard of one job of one miner, as its manifest claims it. Neither its signature nor its bytes have been looked at (staging.ts). */
export interface Source {
  /** Catalog line. */
  line: string
  /** Content address of the manifest. */
  address: string
  manifest: ShardManifest
}

/** Why a shard is left out: a stable code. `subject` names its line. */
export interface SkippedShard {
  line: string
  reason: string
}

/** The heads of all shard lines, in byte order of their names, parted by what their manifests say of themselves. */
export async function findSources(catalog: Pick<Catalog, 'lines' | 'head'>): Promise<{ sources: Source[]; skipped: SkippedShard[] }> {
  const sources: Source[] = []
  const skipped: SkippedShard[] = []
  for (const line of await catalog.lines(families.shards)) {
    const head = await catalog.head(line)
    if (!head) continue
    const judged = judge(line.name, head.manifest)
    if (typeof judged === 'string') skipped.push({ line: line.name, reason: judged })
    else sources.push({ line: line.name, address: head.sha256, manifest: judged })
  }
  return { sources, skipped }
}

function judge(line: string, manifest: ShardManifest): ShardManifest | string {
  if (line !== lineage.shard(manifest.hotkey, manifest.job_id).name) return 'wrong_line'
  const key = parseShardKey(manifest.file.key)
  if (key?.hotkey !== manifest.hotkey || key.jobId !== manifest.job_id || !parseShardName(key.name)) return 'wrong_key'
  return manifest.file.bytes > limits.shardBytesMax ? 'too_large' : manifest
}
