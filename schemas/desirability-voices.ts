import { z } from 'zod'
import { compareText } from './compare-text.ts'
import type { DesirabilityJob } from './desirability.ts'

/** Votes of validators on what is sought (Data Universe's dynamic desirability): dynamic_desirability/constants.py, and bounds of our own. */
const validatorShare = 0.7
export const gravity = {
  /** Of the votes; the owner of the subnet has the rest, by the default weights. */
  validatorShare,
  normalizer: (1 - validatorShare) / ((250 / validatorShare) * (1 - validatorShare)),
  /** Of a job that is listed. */
  weightMin: 1,
  weightMax: 5,
  /** A validator may commit another list so often. */
  commitEveryMs: 20 * 60_000,
  /** Of one list. */
  votesMax: 1000,
  listBytesMax: 2 ** 20,
  /** Of one job of a list. */
  seedsMax: 100,
  patternsMax: 100,
  /** Of all jobs of a list together: no more of all lists are listed. */
  listPatternsMax: 2000,
  /** Of all lists together: jobs that are listed for the votes alone, and their patterns; those with most votes. */
  votedJobsMax: 1000,
  votedPatternsMax: 2000,
  /** Of these, such as an address is held against: those that name its host, and those that name none. */
  votedHostPatternsMax: 200,
} as const

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** Whose word the weights of a list are. */
export const Voices = z.strictObject({
  /** Default weight by job, as the loss moved it: of all jobs but those that are listed for the votes alone. */
  own: z.array(z.tuple([z.string(), z.number().positive()])),
  /** What the votes of validators add to it, by job. */
  voted: z.array(z.tuple([z.string(), z.number().positive()])),
  /** The lists that were looked at. */
  lists: z.array(
    z.strictObject({
      hotkey: z.string(),
      /** Content address of its list, and the block in which it was committed. */
      list: Sha256,
      block: z.int().nonnegative(),
      /** rao */
      stake: z.string().regex(/^\d+$/),
      /** How many of its votes counted, and how many were none. */
      votes: z.int().nonnegative(),
      skipped: z.int().nonnegative(),
    }),
  ),
})
export type Voices = z.infer<typeof Voices>

/** Jobs and who speaks for them, as a list has it. */
interface List {
  jobs: readonly DesirabilityJob[]
  voices?: Voices | undefined
}

export interface VotedJob {
  /** Of no weight yet. */
  job: Omit<DesirabilityJob, 'weight'>
  /** What the votes add to its default weight. */
  added: number
}

/** What validators said of a list. */
export interface Votes {
  jobs: readonly VotedJob[]
  lists: Voices['lists']
}

export const noVotes: Votes = { jobs: [], lists: [] }

/** The default list: with the weights that the loss moved, without what is listed for the votes of validators alone. */
export function ownJobs({ jobs, voices }: List): DesirabilityJob[] {
  if (!voices) return [...jobs]
  const weights = new Map(voices.own)
  return jobs.flatMap((job) => {
    const weight = weights.get(job.id)
    return weight === undefined ? [] : { ...job, weight }
  })
}

export function votesOf({ jobs, voices }: List): Votes {
  if (!voices) return noVotes
  const added = new Map(voices.voted)
  const voted = jobs.flatMap((job) => {
    const more = added.get(job.id)
    return more === undefined ? [] : { job, added: more }
  })
  return { jobs: voted, lists: voices.lists }
}

/**
 * The list in force: a job's weight is its default weight and what the votes add, at least 1 and at most 5. Where no validator has a say the default one stands as it is.
 * Jobs that are listed for the votes alone come last, most votes first: a page belongs to the first job that takes it.
 */
export function listInForce(own: readonly DesirabilityJob[], { jobs: voted, lists }: Votes): { jobs: DesirabilityJob[]; voices?: Voices } {
  if (lists.every(({ votes }) => votes === 0)) return { jobs: [...own], ...(lists.length > 0 && { voices: voicesOf(own, voted, lists) }) }
  const added = new Map(voted.map((vote) => [vote.job.id, vote.added]))
  const isOwn = new Set(own.map(({ id }) => id))
  const others = voted.filter(({ job }) => !isOwn.has(job.id)).toSorted((a, b) => b.added - a.added || compareText(a.job.id, b.job.id))
  return {
    jobs: [
      ...own.map((job) => ({ ...job, weight: bounded(job.weight + (added.get(job.id) ?? 0)) })),
      ...others.map(({ job, added: weight }) => ({ ...job, weight: bounded(weight) })),
    ],
    voices: voicesOf(own, voted, lists),
  }
}

const voicesOf = (own: readonly DesirabilityJob[], voted: readonly VotedJob[], lists: Voices['lists']): Voices => ({
  own: own.map(({ id, weight }) => [id, weight]),
  voted: voted.map((vote) => [vote.job.id, vote.added]),
  lists,
})

const bounded = (weight: number): number => Math.min(gravity.weightMax, Math.max(gravity.weightMin, weight))
