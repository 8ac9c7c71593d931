import { onDemand } from './constants.ts'

export interface OnDemandStanding {
  /** 0..1 */
  credibility: number
  /** Moving average of rewards. */
  boost: number
  /** 0..1, by the platforms it answers. */
  coverage: number
}

/** 1 within 30 s, then halved every 45 s, at least 0.3. @param seconds from the making of the job to its whole answer */
export const speed = (seconds: number): number =>
  Math.max(onDemand.speedMin, Math.min(1, 0.5 ** ((Math.max(0, seconds) - onDemand.speedGraceSeconds) / onDemand.speedHalfLifeSeconds)))

/** Of `rows` where `limit` were asked for; null or 0: as many as there are. 0 for none. */
export function volume(rows: number, limit: number | null): number {
  const returned = Math.max(0, rows)
  if (returned === 0) return 0
  if (limit === null || limit <= 0) return Math.min(onDemand.openMax, Math.log10(1 + returned) / Math.log10(1 + onDemand.openReferenceRows))
  if (returned <= limit) return (returned / limit) ** onDemand.shortfallExponent
  return 1 + Math.min(onDemand.overBonusMax, onDemand.overLogFactor * Math.log(1 + (returned - limit) / limit))
}

/** What became of one answer. */
export interface OnDemandAnswer {
  state: 'judged' | 'unsampled' | 'refused'
  /** Of what was judged; null: our own trouble, which changes nothing. */
  passed: boolean | null
  rows: number
  limit: number | null
  /** From the making of the job to the whole answer. */
  ms: number
}

/** After one answer. What was promised and never came is neither good nor bad. */
export function answered(old: OnDemandStanding, answer: OnDemandAnswer): OnDemandStanding {
  if (answer.state === 'unsampled') return { ...old, credibility: raised(old.credibility, onDemand.credibilityAlpha * onDemand.unsampledShare) }
  if (answer.state === 'refused' || answer.passed === null) return old
  const reward = answer.passed ? onDemand.baseReward * speed(answer.ms / 1000) * volume(answer.rows, answer.limit) : 0
  return {
    ...old,
    boost: onDemand.boostAlpha * reward + (1 - onDemand.boostAlpha) * old.boost,
    credibility: answer.passed ? raised(old.credibility, onDemand.credibilityAlpha) : Math.max(0, old.credibility - onDemand.badAnswerPenalty),
  }
}

const raised = (credibility: number, alpha: number): number => Math.min(1, alpha + (1 - alpha) * credibility)

/** What could be done on a platform in the last hours, and what a miner did of it. */
export interface PlatformCoverage {
  platform: string
  /** Jobs that several miners delivered for. */
  doable: number
  /** Those that it said it would answer, whether or not anything came. */
  promised: number
  /** Those that it delivered for. */
  delivered: number
}

/**
 * 0.3 for each platform on which a miner tried nothing though at least 3 jobs could be done (who tried and whose upload failed did not abstain); where at least
 * 20 could and less than 15 % were answered, by that share, at least 0.3.
 */
export function coverageFactor(platforms: readonly PlatformCoverage[]): number {
  return platforms.reduce((factor, { doable, promised, delivered }) => {
    if (promised === 0) return doable >= onDemand.abstainJobsMin ? factor * onDemand.abstainFactor : factor
    if (doable < onDemand.coverageJobsMin) return factor
    const enough = Math.min(onDemand.coverageEnough, (0.5 * onDemand.jobsFetched) / doable)
    const share = Math.min(1, delivered / doable)
    return share < enough ? factor * Math.max(onDemand.abstainFactor, share / enough) : factor
  }, 1)
}

/** A fall goes half-way in one evaluation, a rise counts at once. */
export const nextCoverage = (old: number, factor: number): number => (factor >= old ? factor : old + (factor - old) * onDemand.coverageFall)

/** Whether there is enough to answer that who does not answer may be told by it. */
export const isAsked = (platforms: readonly PlatformCoverage[]): boolean => platforms.some(({ doable }) => doable >= onDemand.abstainJobsMin)

export const onDemandPart = ({ boost, credibility, coverage }: OnDemandStanding): number => boost * credibility * coverage
