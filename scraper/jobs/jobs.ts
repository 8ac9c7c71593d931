import { recentValues } from '#infra/recent-values.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { originOf } from '#schemas/identity/url-parts.ts'
import { pagePatternFault } from '#schemas/page-pattern.ts'

/** The desirability list, ready to be asked for each URL. */
export interface Jobs {
  readonly list: readonly DesirabilityJob[]
  /** What stands in it as a pattern and is none. */
  readonly faults: readonly JobFault[]
  /** The first job of the list with a pattern that takes the URL, and none that leaves it out. */
  of(url: string): DesirabilityJob | undefined
  /** Whether a job leaves out what it would take, and no other takes it. */
  excludes(url: string): boolean
  /** Sum of the weights of each label's jobs, by label in order of UTF-16 code units. */
  readonly weights: ReadonlyMap<string, number>
  /** Most visits of each label's pages over all cycles, Infinity without a limit. */
  readonly limits: ReadonlyMap<string, number>
}

interface JobFault {
  job: string
  pattern: string
  fault: string
}

/** The label a job's pages count for. */
export const labelOf = ({ id, params }: DesirabilityJob): string => params.label ?? params.keyword?.toLowerCase() ?? id

/** Of the patterns that are known to fit an origin. */
const bytesMax = 8 * 2 ** 20
const patternBytes = 8

/**
 * What is no pattern of pages takes none, and a job that would leave out by such a one takes nothing: a list comes from many hands, and one of them must not stop
 * who reads it. Who writes one is told (schemas/page-pattern.ts).
 */
export function compileJobs(list: readonly DesirabilityJob[]): Jobs {
  const faults: JobFault[] = []
  const isPattern = (text: string, job: DesirabilityJob): boolean => {
    const fault = isPlain(text) ? undefined : pagePatternFault(text)
    if (fault !== undefined) faults.push({ job: job.id, pattern: text, fault })
    return fault === undefined
  }
  const patterns = list.flatMap((job) => {
    if (!(job.web.exclude ?? []).every((text) => isPattern(text, job))) return []
    const excluded = (job.web.exclude ?? []).map((text) => new URLPattern(text))
    const isExcluded = (url: string) => excluded.some((pattern) => pattern.test(url))
    return job.web.include.filter((text) => isPattern(text, job)).map((text) => ({ ...compile(text, job), isExcluded }))
  })
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
  const takes = ({ pattern }: JobPattern, url: string) => pattern === undefined || pattern.test(url)
  const of = (url: string) => patternsOf(originOf(url)).find((each) => takes(each, url) && !each.isExcluded(url))?.job
  return {
    list,
    faults,
    of,
    excludes: (url) => of(url) === undefined && patternsOf(originOf(url)).some((each) => takes(each, url)),
    weights: sumByLabel(list, ({ weight }) => weight),
    limits: sumByLabel(list, ({ web }) => web.pages_max ?? Infinity),
  }
}

/** In order of UTF-16 code units. */
export function sumByLabel(list: readonly DesirabilityJob[], valueOf: (job: DesirabilityJob) => number): Map<string, number> {
  const sums = new Map<string, number>()
  for (const job of list) sums.set(labelOf(job), (sums.get(labelOf(job)) ?? 0) + valueOf(job))
  return new Map([...sums].toSorted(([a], [b]) => compareText(a, b)))
}

interface JobPattern {
  job: DesirabilityJob
  /** undefined: `origin` says all. */
  pattern: URLPattern | undefined
  /** Set when only URLs of that host name can match. */
  hostname: string | undefined
  /** Set when exactly the URLs of that origin match. */
  origin: string | undefined
  isExcluded(url: string): boolean
}

function compile(text: string, job: DesirabilityJob): Omit<JobPattern, 'isExcluded'> {
  // All pages of a host is what most patterns say, and one that is made costs a millisecond.
  const plain = plainOrigin.exec(text)?.[1]
  const whole = plain === undefined ? null : URL.parse(plain)
  if (whole) return { job, pattern: undefined, hostname: whole.hostname, origin: whole.origin }
  const pattern = new URLPattern(text)
  const hostname = /^[a-z0-9.-]+$/.test(pattern.hostname) ? pattern.hostname : undefined
  const origin = hostname === undefined ? undefined : wholeOrigin(pattern)
  return { job, pattern: origin === undefined ? pattern : undefined, hostname, origin }
}

const plainOrigin = /^(https?:\/\/[a-z0-9.-]+(?::\d+)?)\/\*$/

/** A pattern that needs not be made to be known as one. */
function isPlain(text: string): boolean {
  const origin = plainOrigin.exec(text)?.[1]
  return origin !== undefined && URL.canParse(origin)
}

function wholeOrigin({ protocol, hostname, port, pathname, search, hash }: URLPattern): string | undefined {
  const isWhole = pathname === '/*' && search === '*' && hash === '*' && /^https?$/.test(protocol) && /^\d*$/.test(port)
  return isWhole ? `${protocol}://${hostname}${port === '' ? '' : `:${port}`}` : undefined
}
