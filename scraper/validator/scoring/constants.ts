/**
 * Every number a score is made of. Those of Data Universe as its public code has them (`rewards/miner_scorer.py`, `rewards/data_value_calculator.py`,
 * `vali_utils/miner_evaluator.py`, `vali_utils/on_demand/on_demand_validation.py`); ours stand at the end.
 */

/** Channels are multiplied by credibility to this power; on demand by credibility itself. */
export const credibilityExponent = 2.5

/** The index (P2P): buckets of hour, source and label. */
export const index = {
  startCredibility: 0,
  credibilityAlpha: 0.15,
  /** P2P_REWARD_SCALE: weights of jobs raise this channel far above the others. */
  rewardScale: 0.05,
  maxAgeHours: 720,
  /** Of data that no job asks for. */
  defaultScale: 0.0001,
} as const

/** `target_one` as v1.18.71 has it; `target_pass_rate` as it was at 4b0620d, where growth had to be proved as well. */
export type StoreRule = 'target_one' | 'target_pass_rate'

/** The object store (S3): whole jobs. */
export const store = {
  rule: 'target_one' as StoreRule,
  startCredibility: 0.1,
  credibilityAlpha: 0.3,
  /** A row counts as so many bytes, however long it is. */
  bytesPerRow: 300,
  coverageExponent: 2,
  /** Its boost counts up to so many times the part of on demand. */
  onDemandCap: 2,
} as const

/** Answers to on-demand jobs. */
export const onDemand = {
  startCredibility: 0.5,
  credibilityAlpha: 0.02,
  /** Of an answer that was not looked at, as a share of a good one's. */
  unsampledShare: 0.5,
  /** Taken off credibility for a bad answer. */
  badAnswerPenalty: 0.05,
  baseReward: 100_000_000,
  boostAlpha: 0.3,
  speedGraceSeconds: 30,
  speedHalfLifeSeconds: 45,
  speedMin: 0.3,
  shortfallExponent: 1.3,
  overLogFactor: 0.15,
  overBonusMax: 0.25,
  openReferenceRows: 1000,
  openMax: 1.5,
  /** On a platform where one tries nothing though at least so many jobs could be done. */
  abstainFactor: 0.3,
  abstainJobsMin: 3,
  /** From so many doable jobs on the share that was answered is looked at; from this share on it is enough. */
  coverageJobsMin: 20,
  coverageEnough: 0.15,
  /** What a validator asks for at once: of more doable jobs than twice that nobody can be seen to have answered the share above. */
  jobsFetched: 1000,
  /** Of the way a worse coverage factor is gone in one evaluation; a better one counts at once. */
  coverageFall: 0.5,
} as const

/** Ours. */
export const web = {
  /** Of source 8, WEB: one of the sources whose jobs are weighed by the list, as Reddit and X are. */
  sourceWeight: 1,
} as const

/** Ours: what a sample of pages proves. */
export const proof = {
  /** Looks at pages without a failed draw until a score counts whole: who makes up a tenth of its rows passes them once in a million tries (doubt.ts, `grindingDraws`). */
  looks: 240,
  /** Of the score until then. */
  unprovenShare: 0.05,
  /** Evaluations in a row in which too little could be judged, from which on a standing decays as if it had failed. */
  unjudgedMax: 3,
  /**
   * Share of the drawn pages that hold what their rows say, from which on rows count whole; below, by that share of this one. One page in twenty of an honest miner
   * changes: from what is left of it here by chance no honest standing falls. What is made up where nobody can prove it, on hosts that are silent or pages that change,
   * is paid for beyond that by what is not.
   */
  confirmedMin: 0.92,
  /** Looks that the average of that share goes over, and looks that are taken to have confirmed all before the first: one draw alone says it within some hundredths. */
  confirmedLooks: 400,
  confirmedPrior: 100,
} as const
