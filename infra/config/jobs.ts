import type { DesirabilityJob } from '#schemas/desirability.ts'
import { jobId } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Config } from './schema.ts'

type Source = Config['sources'][number]

/** Weight of a job nobody has said anything of: the floor of listed jobs in Data Universe. */
const defaultWeight = 1

/** The jobs of the configured sources, in their order. */
export const jobsOf = (sources: readonly Source[]): DesirabilityJob[] =>
  sources.map(({ label, seeds, include, quality }) => jobOf(label, seeds, include, quality))

/** The jobs of the embedded web: four kinds of document, each found on any host through its sitemap. A page belongs to the first that takes it. */
export function siteJobs(hosts: readonly string[]): DesirabilityJob[] {
  const sitemaps = hosts.map((host) => `http://${host}/sitemap.xml`)
  return [
    jobOf('readme', [], ['http://*.localhost/readme.html']),
    jobOf('license', [], ['http://*.localhost/license*.html']),
    jobOf('changelog', [], ['http://*.localhost/changelog*.html']),
    jobOf('docs', sitemaps, ['http://*.localhost/*']),
  ]
}

/** One source per origin of the URLs, labelled by its host name. @throws OrreryError `invalid_argument` for what is no http(s) URL */
export function sourcesOfSeeds(seeds: readonly string[]): Source[] {
  const byHost = new Map<string, Source>()
  for (const seed of seeds) {
    const url = parseSeed(seed)
    const source = byHost.get(url.hostname) ?? { label: url.hostname.slice(0, 140), seeds: [], include: [] }
    source.seeds.push(url.href)
    const pattern = `${url.origin}/*`
    if (!source.include.includes(pattern)) source.include.push(pattern)
    byHost.set(url.hostname, source)
  }
  return [...byHost.values()]
}

function parseSeed(seed: string): URL {
  const url = URL.parse(seed)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') return url
  throw new OrreryError('invalid_argument', `--seed "${seed}" is no web address; write it whole, like https://example.org/.`, { seed })
}

function jobOf(label: string, seeds: readonly string[], include: readonly string[], quality?: Source['quality']): DesirabilityJob {
  const params = { keyword: null, platform: 'web', label: label.toLowerCase(), post_start_datetime: null, post_end_datetime: null } as const
  return { id: jobId(params), weight: defaultWeight, params, web: { seeds: [...seeds], include: [...include], ...(quality && { quality }) } }
}
