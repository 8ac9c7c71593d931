import { compareText } from '#schemas/compare-text.ts'
import { dataSource, timeBucketRange, timeScalar } from '#schemas/data-universe.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { FoundBucket } from './found-files.ts'

/** Data Universe, "Scoring". */
const unlistedWeight = 0.0001
const credibilityAlpha = 0.15
const credibilityExponent = 2.5
const sourceWeight = 1

/**
 * P2P raw of each miner: Σ over its buckets (hour, source, label) of source weight × job weight × time scalar × own bytes² ÷ bytes of all miners there.
 * Only miners that passed are given: what failed takes nothing from others.
 * @param nowMs the fact clock
 */
export function rawScores(
  miners: readonly { hotkey: string; buckets: readonly FoundBucket[] }[],
  jobs: readonly DesirabilityJob[],
  nowMs: number,
): Map<string, number> {
  const weights = new Map(jobs.map((job) => [job.id, job]))
  const totals = new Map<string, number>()
  const buckets = miners.map(({ hotkey, buckets: found }) => ({ hotkey, buckets: bucketsOf(found) }))
  for (const miner of buckets) for (const [id, { bytes }] of miner.buckets) totals.set(id, (totals.get(id) ?? 0) + bytes)
  return new Map(
    buckets.map(({ hotkey, buckets }) => {
      let raw = 0
      for (const [id, { jobId, hour, bytes }] of buckets) {
        const job = weights.get(jobId)
        raw += sourceWeight * (job?.weight ?? unlistedWeight) * timeValue(job, hour, nowMs) * (bytes ** 2 / (totals.get(id) ?? bytes))
      }
      return [hotkey, raw]
    }),
  )
}

interface Bucket {
  jobId: string
  hour: number
  bytes: number
}

/** In order of id, so that sums of floating point come out the same. */
function bucketsOf(found: readonly FoundBucket[]): [string, Bucket][] {
  const buckets = new Map<string, Bucket>()
  for (const { hour, label, jobId, bytes } of found) {
    const id = `${hour} ${dataSource.WEB} ${label}`
    const bucket = buckets.get(id) ?? { jobId, hour, bytes: 0 }
    bucket.bytes += bytes
    buckets.set(id, bucket)
  }
  return [...buckets].toSorted(([a], [b]) => compareText(a, b))
}

/** A job with a date range: 1 inside it, 0 outside; else the value of the bucket's age. */
function timeValue(job: DesirabilityJob | undefined, hour: number, nowMs: number): number {
  const { startMs, endMs } = timeBucketRange(hour)
  const { post_start_datetime: start = null, post_end_datetime: end = null } = job?.params ?? {}
  if (start === null && end === null) return timeScalar(nowMs - startMs)
  return (start === null || endMs > Date.parse(start)) && (end === null || startMs <= Date.parse(end)) ? 1 : 0
}

export interface Standing {
  credibility: number
  raw: number
}

/**
 * Credibility after an evaluation: when raw rises it is first scaled by (old ÷ new)^(1 ÷ 2.5), so that a miner cannot prove itself small and then
 * claim much; then it moves 0.15 of the way to the share of bytes that passed (0..1).
 */
export function nextCredibility(old: Standing, raw: number, passedShare: number): number {
  const scaled = old.raw > 0 && raw > old.raw ? old.credibility * (old.raw / raw) ** (1 / credibilityExponent) : old.credibility
  return credibilityAlpha * passedShare + (1 - credibilityAlpha) * scaled
}

/** What weights are made of. The 0.05 of the P2P channel is the same for all and goes away when weights are scaled. */
export const scoreOf = ({ raw, credibility }: Standing): number => raw * credibility ** credibilityExponent
