import { credibilityExponent, store, type StoreRule } from './constants.ts'

export interface StoreStanding {
  /** 0..1 */
  credibility: number
  /** Of the last evaluation that passed. */
  effectiveBytes: number
}

/** What a miner holds, as far as it counts. */
export interface Holdings {
  /** Own rows of each listed job. */
  jobs: readonly { rows: number; maxRows: number | undefined }[]
  /** Listed jobs that a miner is expected to have rows of. */
  expectedJobs: number
  /** Share of it that can be read again, 0..1. */
  decodeRatio: number
}

/** Σ rows (each job's up to its max_rows) × 300 B × coverage² × decode ratio; coverage = jobs with rows ÷ jobs expected, at most 1. */
export function effectiveBytes({ jobs, expectedJobs, decodeRatio }: Holdings): number {
  const active = jobs.filter(({ rows }) => rows > 0)
  const rows = active.reduce((sum, job) => sum + Math.min(job.rows, job.maxRows ?? Infinity), 0)
  const coverage = expectedJobs > 0 ? Math.min(1, active.length / expectedJobs) : 0
  return rows * store.bytesPerRow * coverage ** store.coverageExponent * decodeRatio
}

/**
 * After an evaluation. A failure keeps the bytes and takes 0.30 of the credibility: one does not ruin, many do. The rule of v1.18.71 moves credibility to 1 on a
 * pass, whatever grew and whatever share of the sample passed; the former one to that share, and growth was first scaled as in the index channel.
 * @param passRate of the pages looked at, undefined when none was; counts by the former rule alone
 */
export function nextStoreStanding(old: StoreStanding, { passed, bytes, passRate }: StoreEvaluation, rule: StoreRule = store.rule): StoreStanding {
  if (!passed) return { credibility: (1 - store.credibilityAlpha) * old.credibility, effectiveBytes: old.effectiveBytes }
  if (rule === 'target_one') return { credibility: towards(1, old.credibility), effectiveBytes: bytes }
  const grew = old.effectiveBytes > 0 && bytes > old.effectiveBytes
  const scaled = grew ? old.credibility * (old.effectiveBytes / bytes) ** (1 / credibilityExponent) : old.credibility
  return { credibility: towards(passRate ?? 1, scaled), effectiveBytes: bytes }
}

const towards = (target: number, from: number): number => Math.min(1, store.credibilityAlpha * target + (1 - store.credibilityAlpha) * from)

export interface StoreEvaluation {
  passed: boolean
  /** Effective bytes that were found; counts when it passed. */
  bytes: number
  passRate?: number | undefined
}

/** Own effective bytes² ÷ those of all miners. */
export const storeBoost = (ownBytes: number, totalBytes: number): number => (ownBytes > 0 ? ownBytes ** 2 / totalBytes : 0)
