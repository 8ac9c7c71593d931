import { recentValues } from '#infra/recent-values.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'

/** The desirability list, ready to be asked for each URL. */
export interface Jobs {
  readonly list: readonly DesirabilityJob[]
  /** The first job of the list with a pattern that takes the URL. */
  of(url: string): DesirabilityJob | undefined
  /** Sum of the weights of each label's jobs, by label in order of UTF-16 code units. */
  readonly weights: ReadonlyMap<string, number>
}

/** The label a job's pages count for. */
export const labelOf = ({ id, params }: DesirabilityJob): string => params.label ?? params.keyword?.toLowerCase() ?? id

/** Of the patterns that are known to fit an origin. */
const bytesMax = 8 * 2 ** 20
const patternBytes = 8

/** @throws OrreryError `invalid_argument` for a pattern that is no URLPattern */
export function compileJobs(list: readonly DesirabilityJob[]): Jobs {
  const patterns = list.flatMap((job) => job.web.include.map((text) => compile(text, job)))
  // Most patterns name their host, and many take all of it: which may take a URL is known by its origin, in the order of the jobs.
  const byOrigin = recentValues<string, readonly JobPattern[]>({ bytesMax, bytesOf: (fitting) => fitting.length * patternBytes })
  const patternsOf = (origin: string): readonly JobPattern[] => {
    const known = byOrigin.get(origin)
    if (known) return known
    const { hostname } = new URL(origin)
    const fitting = patterns.filter((pattern) =>
      pattern.origin === undefined ? pattern.hostname === undefined || pattern.hostname === hostname : pattern.origin === origin,
    )
    byOrigin.keep(origin, fitting)
    return fitting
  }
  return {
    list,
    of: (url) => patternsOf(originOf(url)).find(({ origin, pattern }) => origin !== undefined || pattern.test(url))?.job,
    weights: sumWeights(list),
  }
}

/** Scheme, host and port of a canonical URL. */
export const originOf = (url: string): string => url.slice(0, url.indexOf('/', 8))

function sumWeights(list: readonly DesirabilityJob[]): Map<string, number> {
  const weights = new Map<string, number>()
  for (const job of list) weights.set(labelOf(job), (weights.get(labelOf(job)) ?? 0) + job.weight)
  return new Map([...weights].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

interface JobPattern {
  job: DesirabilityJob
  pattern: URLPattern
  /** Set when only URLs of that host name can match. */
  hostname: string | undefined
  /** Set when exactly the URLs of that origin match. */
  origin: string | undefined
}

function compile(text: string, job: DesirabilityJob): JobPattern {
  try {
    const pattern = new URLPattern(text)
    const hostname = /^[a-z0-9.-]+$/.test(pattern.hostname) ? pattern.hostname : undefined
    return { job, pattern, hostname, origin: hostname === undefined ? undefined : wholeOrigin(pattern) }
  } catch (cause) {
    const message = `"${text}" of job ${job.id} is no URL pattern; write one like https://example.org/*.`
    throw new OrreryError('invalid_argument', message, { pattern: text, job: job.id }, cause)
  }
}

function wholeOrigin({ protocol, hostname, port, pathname, search, hash }: URLPattern): string | undefined {
  const isWhole = pathname === '/*' && search === '*' && hash === '*' && /^https?$/.test(protocol) && /^\d*$/.test(port)
  return isWhole ? `${protocol}://${hostname}${port === '' ? '' : `:${port}`}` : undefined
}
