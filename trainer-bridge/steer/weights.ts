import { compareText } from '#schemas/compare-text.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'

const weightMax = 5
/** A label is never given up: what it has to teach may change. */
const weightMin = 0.05
const perUnit = 1_000_000

/**
 * The weight moved by a factor, in millionths, rounded towards where it was, so that it never moves further than the factor says; within [0.05, 5]
 * (a weight below 0.05 is left where it is rather than raised). A factor of 1 gives exactly the same weight.
 */
export function moveWeight(weight: number, factor: number): number {
  const target = weight * factor
  if (target > weight) return Math.max(weight, Math.floor(Math.min(weightMax, target) * perUnit) / perUnit)
  if (target < weight) return Math.min(weight, Math.ceil(Math.max(weightMin, target) * perUnit) / perUnit)
  return weight
}

/** Moves each job by the factor of its label; jobs without one, and the order of the list, stay. */
export const moveJobs = (jobs: readonly DesirabilityJob[], factors: ReadonlyMap<string, number>): DesirabilityJob[] =>
  jobs.map((job) => ({ ...job, weight: moveWeight(job.weight, factors.get(job.params.label ?? '') ?? 1) }))

/** Label → desirability: the sum over its jobs, labels in code-unit order. */
export function weightsByLabel(jobs: readonly DesirabilityJob[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { params, weight } of jobs) if (params.label !== null) sums.set(params.label, (sums.get(params.label) ?? 0) + weight)
  return new Map([...sums].toSorted(([a], [b]) => compareText(a, b)))
}
