import { currentKey } from '#infra/corpus/current.ts'
import { keptHistory } from '#infra/sweep/kept-history.ts'
import type { SweepScope } from '#infra/sweep/sweep.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain } from '#schemas/chain.ts'
import { families, lineage } from '#schemas/lineage.ts'
import { currentFolder, manifestKey } from './snapshot-heads.ts'

interface ScopeParts {
  catalog: Catalog
  chain: Pick<Chain, 'metagraph'>
  hotkey: string
  /** Of snapshots and indexes that others took the place of, ms. */
  keepMs: number
  /** Addresses of the snapshots that the index of the miner names, committed or about to be. */
  pending(): Promise<Iterable<string>>
  /** Keys of the files of posts that are uploaded under the same hotkey (scraper/posts): no snapshot names them. */
  posts(): readonly string[]
}

/**
 * What a miner has in the store: shards, deletion vectors and manifests. What its snapshots and its claims name stays, the newest and those of the time of keeping;
 * and the claim that the chain has, which may be an older one.
 */
export function minerScope({ catalog, chain, hotkey, keepMs, pending, posts }: ScopeParts): SweepScope {
  const claims = lineage.index(hotkey)
  const snapshots = () => catalog.lines(families.snapshotsOf(hotkey))
  return {
    // In `boilerplate` lay what the index has now.
    prefixes: ['boilerplate', 'data', 'deletes', 'manifests'].map((folder) => `${folder}/hotkey=${hotkey}/`),
    async expire(now) {
      const expiry = { keepNewest: 1, before: Math.max(0, now - keepMs) }
      await catalog.expire(claims, { ...expiry, keep: await claimed(chain, hotkey) })
      for (const line of await snapshots()) await catalog.expire(line, expiry)
    },
    async *manifests() {
      const jobs = new Set<string>()
      for (const line of await snapshots()) {
        for await (const { version, sha256, manifest } of keptHistory(catalog, line)) {
          if (!jobs.has(manifest.job_id)) yield currentKey(currentFolder(hotkey, manifest.job_id), { version, sha256 })
          jobs.add(manifest.job_id)
          yield manifestKey(hotkey, sha256)
          yield manifest
        }
      }
      for await (const { sha256, manifest } of keptHistory(catalog, claims)) {
        yield manifestKey(hotkey, sha256)
        // What the catalog has no longer is read from the store.
        if (manifest.kind === 'snapshot-index') yield manifest.snapshots.map((snapshot) => ({ key: manifestKey(hotkey, snapshot.sha256) }))
        else yield manifest
      }
      // Of before there were snapshots, as long as none has taken their file in.
      for (const line of await catalog.lines(families.shardsOf(hotkey))) {
        const head = await catalog.head(line)
        if (head && !jobs.has(head.manifest.job_id)) yield head.manifest
      }
      for (const sha256 of await pending()) yield { key: manifestKey(hotkey, sha256) }
      for (const key of posts()) yield { key }
    },
  }
}

/** Address of the index that the chain says is the miner's. */
async function claimed(chain: Pick<Chain, 'metagraph'>, hotkey: string): Promise<string[]> {
  const { neurons } = await chain.metagraph()
  const commitment = neurons.find((neuron) => neuron.hotkey === hotkey)?.commitment
  return commitment?.length === 32 ? [Buffer.from(commitment).toString('hex')] : []
}
