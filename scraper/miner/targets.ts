import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Target } from '#schemas/frontier.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import type { Found, FoundUrl } from '../source/found.ts'
import { labelOf, type Jobs } from './jobs.ts'
import type { Share } from './share.ts'

/** Seeds before sitemaps before pages; among pages the weight of the job decides. Nothing of where or when a URL was found. */
const priorities = { seed: 3_000_000, sitemap: 2_000_000, perWeight: 1000 }

/** Turns what is found into what is to be visited: URLs that a job wants on hosts of our share. */
export interface Targets {
  seeds(): Target[]
  found(found: Found): Target[]
}

export function targetsOf(jobs: Jobs, isOurs: Share): Targets {
  const page = (found: FoundUrl): Target[] => {
    const job = isOurs(found.url) ? jobs.of(found.url) : undefined
    return job ? [{ ...found, kind: 'page', label: labelOf(job), priority: Math.round(job.weight * priorities.perWeight) }] : []
  }
  const list = (found: FoundUrl, kind: 'sitemap' | 'feed', owner: DesirabilityJob | undefined, priority: number): Target[] => {
    const job = jobs.of(found.url) ?? owner ?? jobs.list[0]
    return job && isOurs(found.url) ? [{ ...found, kind, label: labelOf(job), priority }] : []
  }
  const seed = (text: string, job: DesirabilityJob): Target[] => {
    const url = canonicalUrl(text)
    if (url === undefined) return []
    if (isSitemap(url)) return list({ url }, 'sitemap', job, priorities.seed)
    // A seed that no pattern takes is read for its links alone.
    return isOurs(url) ? [{ url, kind: 'page', label: labelOf(jobs.of(url) ?? job), priority: priorities.seed }] : []
  }
  return {
    seeds: () => jobs.list.flatMap((job) => job.web.seeds.flatMap((text) => seed(text, job))),
    found: ({ pages, sitemaps, feeds }) => [
      ...pages.flatMap(page),
      ...sitemaps.flatMap((found) => list(found, 'sitemap', undefined, priorities.sitemap)),
      ...feeds.flatMap((found) => list(found, 'feed', undefined, priorities.sitemap)),
    ],
  }
}

const isSitemap = (url: string): boolean => /\/[^/]*sitemap[^/]*\.xml(?:\.gz)?$/i.test(new URL(url).pathname)
