import { contentAddress } from '#schemas/canonical-json.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { jobId, jobIdentity } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import { includeOf, seedOf, type Source } from './source.ts'

/** Weight of a job nobody has said anything of: the floor of listed jobs in Data Universe. */
const defaultWeight = 1
const labelChars = 140

/** The jobs of the configured sources, in their order. */
export const jobsOf = (sources: readonly Source[]): DesirabilityJob[] =>
  sources.map(({ label, seeds, include, headers, ...wishes }) => jobOf(label, { seeds, include, ...wishes, ...(headers && { headers: lowerCased(headers) }) }))

/**
 * The wanted jobs; one that is known keeps its id, also one that ids were made of otherwise. The weight that the loss gave it stays as well, whatever pages it
 * takes from now on.
 */
export function weighedAs(known: readonly DesirabilityJob[], wanted: readonly DesirabilityJob[]): DesirabilityJob[] {
  const taken = new Set(wanted.map(({ id }) => id))
  const same = new Map(known.filter(({ id }) => !taken.has(id)).map((job) => [jobIdentity(job), job]))
  const byId = new Map(known.map((job) => [job.id, job]))
  const alike = new Map(known.map((job) => [contentAddress(job.params), job]))
  return wanted.map((job) => {
    const listed = byId.get(job.id) ?? same.get(jobIdentity(job))
    const { weight } = listed ?? alike.get(contentAddress(job.params)) ?? job
    return { ...job, id: listed?.id ?? job.id, weight }
  })
}

const lowerCased = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** The jobs of the embedded web: four kinds of document, each found on any host through its sitemap. A page belongs to the first that takes it. */
export function siteJobs(hosts: readonly string[]): DesirabilityJob[] {
  const sitemaps = hosts.map((host) => `http://${host}/sitemap.xml`)
  return [
    jobOf('readme', { seeds: [], include: ['http://*.localhost/readme.html'] }),
    jobOf('license', { seeds: [], include: ['http://*.localhost/license*.html'] }),
    jobOf('changelog', { seeds: [], include: ['http://*.localhost/changelog*.html'] }),
    jobOf('docs', { seeds: sitemaps, include: ['http://*.localhost/*'] }),
  ]
}

/** One source per host of the URLs, labelled by its name. @throws OrreryError `invalid_argument` for what is no address a crawl may begin with */
export function sourcesOfSeeds(seeds: readonly string[]): Source[] {
  const byHost = new Map<string, string[]>()
  for (const text of seeds) {
    const seed = seedOf(text)
    if (!seed) throw new OrreryError('invalid_argument', `--seed "${text}" is no web address; write it whole, like https://example.org/.`, { seed: text })
    const label = seed.hostname.slice(0, labelChars)
    byHost.set(label, [...(byHost.get(label) ?? []), seed.href])
  }
  return [...byHost].map(([label, own]) => ({ label, seeds: own, include: includeOf(own) }))
}

function jobOf(label: string, web: DesirabilityJob['web']): DesirabilityJob {
  const params = { keyword: null, platform: 'web', label: label.toLowerCase(), post_start_datetime: null, post_end_datetime: null } as const
  return { id: jobId(params, web), weight: defaultWeight, params, web }
}
