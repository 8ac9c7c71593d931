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

/** @throws OrreryError `invalid_argument` for a pattern that is no URLPattern */
export function compileJobs(list: readonly DesirabilityJob[]): Jobs {
  const patterns = list.flatMap((job) => job.web.include.map((text) => compile(text, job)))
  // Most patterns name their host: of these, only the URL's own are tried. Both lists keep the order of the jobs.
  const forHost = new Map<string | undefined, typeof patterns>()
  for (const name of new Set(patterns.map(({ hostname }) => hostname))) {
    forHost.set(
      name,
      patterns.filter(({ hostname }) => hostname === undefined || hostname === name),
    )
  }
  return {
    list,
    of: (url) => (forHost.get(new URL(url).hostname) ?? forHost.get(undefined))?.find(({ pattern }) => pattern.test(url))?.job,
    weights: sumWeights(list),
  }
}

function sumWeights(list: readonly DesirabilityJob[]): Map<string, number> {
  const weights = new Map<string, number>()
  for (const job of list) weights.set(labelOf(job), (weights.get(labelOf(job)) ?? 0) + job.weight)
  return new Map([...weights].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function compile(text: string, job: DesirabilityJob): { job: DesirabilityJob; pattern: URLPattern; hostname: string | undefined } {
  try {
    const pattern = new URLPattern(text)
    return { job, pattern, hostname: /^[a-z0-9.-]+$/.test(pattern.hostname) ? pattern.hostname : undefined }
  } catch (cause) {
    const message = `"${text}" of job ${job.id} is no URL pattern; write one like https://example.org/*.`
    throw new OrreryError('invalid_argument', message, { pattern: text, job: job.id }, cause)
  }
}
