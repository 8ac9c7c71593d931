import { signManifest } from '#infra/chain/signed-manifest.ts'
import type { Signer } from '#schemas/chain.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { VerdictManifest } from '#schemas/manifest.ts'
import type { ShardWorld } from './shards.ts'

export type Said = Partial<Omit<VerdictManifest, 'kind' | 'parent' | 'hotkey' | 'miner' | 'signature'>>

/** The next verdict of a validator on a miner: all it has now passed, but for what is said otherwise. */
export async function putVerdict({ catalog }: Pick<ShardWorld, 'catalog'>, validator: Signer, miner: string, said: Said = {}): Promise<VerdictManifest> {
  const line = lineage.verdict(validator.address, miner)
  const former = await catalog.head(line)
  const heads = await catalog.lines(families.snapshotsOf(miner))
  const verdict: VerdictManifest = signManifest(
    {
      kind: 'verdict' as const,
      parent: former?.sha256 ?? null,
      hotkey: validator.address,
      miner,
      block: (former?.manifest.block ?? 0) + 1,
      index: null,
      committed_block: 1,
      snapshots: heads.map(({ name, head }) => ({ job_id: name.split('/')[2] ?? '', sha256: head })),
      passed: true,
      failures: [],
      pages: { sampled: 0, same: 0, dated: 0, changed: 0, gone: 0, contradicted: 0, unfetchable: 0 },
      ...said,
    },
    validator,
  )
  await catalog.commit(line, former?.sha256, verdict)
  return verdict
}
