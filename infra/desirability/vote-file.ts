import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import { jobIdentity } from '#schemas/desirability.ts'
import { gravity } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import { isWholeVote, patternsIn, Vote, votesPerTurn } from '#schemas/preferences.ts'

/**
 * A validator's list as a file has it: a JSON array of Data Universe's jobs `{id, weight, params}`, each with `web` where nobody else lists it. Labels are put into
 * lower case, dates into UTC, and of `params` what is absent is null.
 * @param name of the file, for messages
 * @throws OrreryError `invalid_argument` naming the place, what stands there, and the remedy
 */
export async function parseVoteFile(text: string, name: string): Promise<Vote[]> {
  return parseVotes(parseJson(text, name), name)
}

const Jobs = z.array(z.unknown()).min(1).max(gravity.votesMax)

/** As `parseVoteFile`, of its JSON. @param name of the list, for messages */
export async function parseVotes(given: unknown, name: string): Promise<Vote[]> {
  const jobs = Jobs.safeParse(given)
  if (!jobs.success) throw refused(name, jobs.error.issues[0], given)
  requireFewPatterns(jobs.data, name)
  const votes: Vote[] = []
  for (const [at, job] of jobs.data.entries()) {
    if (at % votesPerTurn === 0) await nextTurn()
    const vote = Vote.safeParse(spelled(job))
    const [issue] = vote.error?.issues ?? []
    if (!vote.success) throw refused(name, issue && { ...issue, path: [at, ...issue.path] }, given)
    votes.push(vote.data)
  }
  await requireOnce(votes, name)
  if (isWholeVote(votes)) return votes
  const sum = votes.reduce((total, { weight }) => total + weight, 0)
  throw new OrreryError('invalid_argument', `${name}: the weights are ${sum} together, and at most 1 is taken; divide each by ${sum}.`, { name, sum })
}

function requireFewPatterns(jobs: readonly unknown[], name: string): void {
  const patterns = jobs.reduce((sum: number, job) => sum + patternsIn(job), 0)
  if (patterns <= gravity.listPatternsMax) return
  const message = `${name}: the jobs have ${patterns} patterns together, and ${gravity.listPatternsMax} are taken; name fewer.`
  throw new OrreryError('invalid_argument', message, { name, patterns })
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const why = (cause as Error).message.replaceAll('\n', ' ')
    throw new OrreryError('invalid_argument', `${name} is no JSON (${why}); write [{"id", "weight", "params", "web"}].`, { name })
  }
}

const noParams = { keyword: null, label: null, post_start_datetime: null, post_end_datetime: null }

/** What may be written in several ways, in one. */
const spelled = (job: unknown): unknown => (isObject(job) && isObject(job['params']) ? spelledJob(job, job['params']) : job)

const spelledJob = ({ expires_at, ...job }: Record<string, unknown>, params: Record<string, unknown>): object => ({
  ...job,
  params: spelledParams(params),
  ...(expires_at !== undefined && expires_at !== null && { expires_at: inUtc(expires_at) }),
})

function spelledParams(params: Record<string, unknown>): object {
  const { label, post_start_datetime: start, post_end_datetime: end } = params
  return {
    ...noParams,
    ...params,
    label: typeof label === 'string' ? label.toLowerCase() : (label ?? null),
    post_start_datetime: inUtc(start),
    post_end_datetime: inUtc(end),
  }
}

const inUtc = (value: unknown): unknown => {
  const instant = z.iso.datetime({ offset: true }).safeParse(value)
  return instant.success ? new Date(instant.data).toISOString() : (value ?? null)
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

async function requireOnce(votes: readonly Vote[], name: string): Promise<void> {
  const first = new Map<string, number>()
  for (const [at, { params, web }] of votes.entries()) {
    if (at % votesPerTurn === 0) await nextTurn()
    const identity = jobIdentity({ params, web: web ?? { include: [] } })
    const other = first.get(identity)
    if (other !== undefined)
      throw new OrreryError('invalid_argument', `${name}: [${at}] is the same job as [${other}]; put their weights together.`, { name, at, other })
    first.set(identity, at)
  }
}

const messageCharsMax = 300

function refused(name: string, issue: z.core.$ZodIssue | undefined, given: unknown): OrreryError {
  const path = issue?.path ?? []
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  const found = path.reduce<unknown>((inner, step) => (isObject(inner) || Array.isArray(inner) ? (inner as never)[step] : undefined), given)
  const why = (issue?.message ?? 'it does not fit')
    .replace(/^Invalid input: /, '')
    .replaceAll('\n', ' ')
    .slice(0, messageCharsMax)
  return new OrreryError('invalid_argument', `${name}: ${place === '' ? 'the list' : place}${shown(found)} is refused: ${why}.`, { name, place })
}

function shown(found: unknown): string {
  try {
    return found === undefined ? '' : ` = ${JSON.stringify(found).slice(0, 120)}`
  } catch {
    return ', too deep to be shown,'
  }
}
