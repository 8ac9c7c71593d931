import type { CatalogEntry } from '#schemas/catalog.ts'

const seedsMax = 100

/** A list as Data Universe's API gives it (DynamicDesirabilityList), and beside where the pages of a job are found. */
export const latestList = ({ version, committedAt, manifest }: CatalogEntry<'desirability'>) => ({
  version: String(version),
  generated_at: new Date(committedAt).toISOString(),
  entries: manifest.jobs.map(({ id, weight, params: { platform, ...params }, web, max_rows = null, expires_at = null }) => ({
    id,
    platform,
    weight,
    ...params,
    max_rows,
    expires_at,
    web: { seeds: web.seeds.slice(0, seedsMax), include: web.include, exclude: web.exclude ?? [] },
  })),
})
