import { contentAddress } from '#schemas/canonical-json.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'

/** A job as Data Universe has it, without what is ours. */
export type GravityVote = Pick<DesirabilityJob, 'id' | 'weight' | 'params'>

const perUnit = 1e9

/**
 * The list of jobs as a validator of Data Universe votes with it: `{id, weight, params}`, each weight in (0, 1], rounded down so that together they are at most 1. There
 * jobs of the same params are one.
 */
export function gravityVotes(jobs: readonly DesirabilityJob[]): GravityVote[] {
  const total = jobs.reduce((sum, { weight }) => sum + weight, 0)
  const votes = new Map<string, GravityVote>()
  for (const { id, weight, params } of jobs) {
    const address = contentAddress(params)
    const known = votes.get(address) ?? { id, weight: 0, params }
    votes.set(address, { ...known, weight: known.weight + weight })
  }
  return [...votes.values()].map((vote) => ({ ...vote, weight: Math.floor((vote.weight / total) * perUnit) / perUnit })).filter(({ weight }) => weight > 0)
}
