import { z } from 'zod'
import { DesirabilityJob, jobId } from './desirability.ts'
import { Network } from './network.ts'
import { foreignPatternFault } from './page-pattern.ts'
import { gravity } from './desirability-voices.ts'

const Patterns = z.array(z.string()).max(gravity.patternsMax)

const VotedScope = DesirabilityJob.shape.web.extend({
  seeds: z.array(z.url({ protocol: /^https?$/ }).max(2048)).max(gravity.seedsMax),
  include: Patterns.min(1),
  exclude: Patterns.optional(),
})

/** One job of a validator's list, as Data Universe has it: `weight` is a share of what the validator has to say. */
export const Vote = z
  .strictObject({
    id: z.string().min(1).max(140),
    weight: z.number().positive().max(1),
    params: DesirabilityJob.shape.params,
    /** Absent: a job that is listed with these params by others. */
    web: VotedScope.optional(),
    max_rows: DesirabilityJob.shape.max_rows,
    expires_at: DesirabilityJob.shape.expires_at,
  })
  .superRefine(({ params, web }, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    const { keyword, label, post_start_datetime: start, post_end_datetime: end } = params
    if (keyword === null && label === null) refuse(['params'], 'it has neither a keyword nor a label; give one of them')
    if (start !== null && end !== null && Date.parse(start) >= Date.parse(end)) refuse(['params', 'post_end_datetime'], 'it is not after post_start_datetime')
    for (const kind of ['include', 'exclude'] as const)
      for (const [at, pattern] of (web?.[kind] ?? []).entries()) {
        const fault = foreignPatternFault(pattern)
        if (fault !== undefined) refuse(['web', kind, at], fault)
      }
  })
export type Vote = z.infer<typeof Vote>

/** The list of one validator, an object that its commitment on the chain names. Signed: sr25519 of `hotkey` over its content address without `signature`. */
export const Preferences = z.strictObject({
  kind: z.literal('preferences'),
  hotkey: z.string(),
  network: Network,
  /** Votes; whoever reads them passes over each that is none. */
  jobs: z.array(z.unknown()).max(gravity.votesMax),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type Preferences = z.infer<typeof Preferences>

/** Votes that are looked at before others have a turn: of hundreds of patterns each, some milliseconds. */
export const votesPerTurn = 4

/** Patterns of what may be a vote. */
export function patternsIn(given: unknown): number {
  const web = given !== null && typeof given === 'object' && 'web' in given ? given.web : undefined
  if (web === null || typeof web !== 'object') return 0
  const { include, exclude } = web as { include?: unknown; exclude?: unknown }
  return (Array.isArray(include) ? include.length : 0) + (Array.isArray(exclude) ? exclude.length : 0)
}

/** Sums of fractions are not exact. */
const tolerance = 1e-9

export const isWholeVote = (votes: readonly Pick<Vote, 'weight'>[]): boolean => votes.reduce((sum, { weight }) => sum + weight, 0) <= 1 + tolerance

/** A vote as the job it is for. */
export const votedJob = ({ params, web, max_rows, expires_at }: Vote & { web: NonNullable<Vote['web']> }): Omit<DesirabilityJob, 'weight'> => ({
  id: jobId(params, web),
  params,
  web,
  ...(max_rows !== undefined && { max_rows }),
  ...(expires_at !== undefined && { expires_at }),
})
