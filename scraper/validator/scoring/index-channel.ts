import { timeBucketOf } from '#schemas/data-universe.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { credibilityExponent, index, web } from './constants.ts'

/** What the list says of the value of a job's rows. */
export type ValuedJob = Pick<DesirabilityJob, 'id' | 'weight'> & { params: Dates }
type Dates = Pick<DesirabilityJob['params'], 'post_start_datetime' | 'post_end_datetime'>

/** What of a bucket's value does not depend on others: source weight × weight of the row's own job × time. */
export const unitValue = (job: ValuedJob | undefined, hour: number, nowMs: number): number =>
  web.sourceWeight * (job?.weight ?? index.defaultScale) * timeValue(job?.params, hour, nowMs)

/** Of a bucket in which all miners together have `totalBytes`, own ones among them. Linear in the part of a job: own bytes of it × own ÷ total. */
export const scorableBytes = (ownBytes: number, totalBytes: number): number => (ownBytes === 0 ? 0 : ownBytes ** 2 / totalBytes)

/**
 * 1 for now, falling to 1/2 at 30 days, 0 beyond, by whole hours; what is dated in the future is as good as now. With a job that has dates: 1 where the hour
 * and the dates overlap, else 0.
 */
export function timeValue(dates: Dates | undefined, hour: number, nowMs: number): number {
  const { post_start_datetime: start = null, post_end_datetime: end = null } = dates ?? {}
  if (start !== null || end !== null)
    return (start === null || hour >= timeBucketOf(Date.parse(start))) && (end === null || hour <= timeBucketOf(Date.parse(end))) ? 1 : 0
  const ageHours = Math.max(0, timeBucketOf(nowMs) - hour)
  return ageHours > index.maxAgeHours ? 0 : 1 - ageHours / (2 * index.maxAgeHours)
}

export interface IndexStanding {
  /** 0..1 */
  credibility: number
  /** Σ of the values of its buckets at its last evaluation that passed. */
  raw: number
}

/**
 * After an evaluation: who claims more must prove it, so credibility is first scaled by (old ÷ new)^(1 ÷ 2.5) when raw rises from above 0, which leaves the
 * part what it was; then it moves 0.15 of the way to the share of bytes that passed. So whoever passes whole never falls by growing.
 * @param passedShare 0..1
 */
export function nextIndexStanding(old: IndexStanding, raw: number, passedShare: number): IndexStanding {
  const scaled = old.raw > 0 && raw > old.raw ? old.credibility * (old.raw / raw) ** (1 / credibilityExponent) : old.credibility
  return { credibility: index.credibilityAlpha * passedShare + (1 - index.credibilityAlpha) * scaled, raw }
}

export const indexPart = ({ raw, credibility }: IndexStanding): number => raw * index.rewardScale * credibility ** credibilityExponent
