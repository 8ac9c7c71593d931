import { credibilityExponent, proof, store } from './constants.ts'
import { indexPart } from './index-channel.ts'
import { onDemandPart } from './on-demand-channel.ts'
import type { Standing } from './standing.ts'
import { storeBoost } from './store-channel.ts'

/** What a score is made of, each part with its caps applied. */
export interface ScoreParts {
  index: number
  store: number
  onDemand: number
  /** 1, or 0.05 while too few pages were looked at to believe it. */
  proven: number
  score: number
}

/**
 * The store counts up to twice the part of on demand, and the index up to both: who serves nobody is paid for nothing. In a subnet whose clients ask for nothing
 * (`asked` false) nobody can serve, and the first of the caps does not bind.
 * @param totalBytes effective bytes of all miners
 */
export function scoreOf(standing: Pick<Standing, 'index' | 'store' | 'onDemand' | 'looks'>, totalBytes: number, asked: boolean): ScoreParts {
  const served = onDemandPart(standing.onDemand)
  const boost = storeBoost(standing.store.effectiveBytes, totalBytes)
  const stored = (asked ? Math.min(boost, store.onDemandCap * served) : boost) * standing.store.credibility ** credibilityExponent
  const indexed = Math.min(indexPart(standing.index), stored + served)
  const proven = standing.looks >= proof.looks ? 1 : proof.unprovenShare
  return { index: indexed, store: stored, onDemand: served, proven, score: (indexed + stored + served) * proven }
}
