import type { Catalog } from '#schemas/catalog.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { families } from '#schemas/lineage.ts'

/** Label → share of the pages met for its jobs that were exact or near duplicates, over the newest snapshot of each miner. Labels without pages are left out. */
export async function duplicateShares(catalog: Pick<Catalog, 'lines' | 'head'>, jobs: readonly DesirabilityJob[]): Promise<Map<string, number>> {
  const labelOf = new Map(jobs.map((job) => [job.id, job.params.label]))
  const sums = new Map<string, { duplicates: number; pages: number }>()
  for (const line of await catalog.lines(families.snapshots)) {
    const manifest = (await catalog.head(line))?.manifest
    const label = manifest && labelOf.get(manifest.job_id)
    if (!label) continue
    const sum = sums.get(label) ?? { duplicates: 0, pages: 0 }
    const duplicates = manifest.duplicates.exact + manifest.duplicates.near
    const rows = manifest.files.reduce((all, { file, deletes }) => all + file.rows - (deletes?.rows ?? 0), 0)
    sums.set(label, { duplicates: sum.duplicates + duplicates, pages: sum.pages + duplicates + rows })
  }
  return new Map([...sums].filter(([, { pages }]) => pages > 0).map(([label, { duplicates, pages }]) => [label, duplicates / pages]))
}
