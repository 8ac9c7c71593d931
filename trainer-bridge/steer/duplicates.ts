import type { Catalog } from '#schemas/catalog.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'

const shardLines = 'shard/'

/** Label → share of the pages met for its jobs that were exact or near duplicates, over the newest shard of each miner. Labels without pages are left out. */
export async function duplicateShares(catalog: Pick<Catalog, 'names' | 'head'>, jobs: readonly DesirabilityJob[]): Promise<Record<string, number>> {
  const labelOf = new Map(jobs.map((job) => [job.id, job.params.label]))
  const sums = new Map<string, { duplicates: number; pages: number }>()
  for (const name of await catalog.names(shardLines)) {
    const manifest = (await catalog.head(name))?.manifest
    if (manifest?.kind !== 'shard') continue
    const label = labelOf.get(manifest.job_id)
    if (!label) continue
    const sum = sums.get(label) ?? { duplicates: 0, pages: 0 }
    const duplicates = manifest.duplicates.exact + manifest.duplicates.near
    sums.set(label, { duplicates: sum.duplicates + duplicates, pages: sum.pages + duplicates + manifest.file.rows })
  }
  return Object.fromEntries([...sums].filter(([, { pages }]) => pages > 0).map(([label, { duplicates, pages }]) => [label, duplicates / pages]))
}
