import { index, onDemand, proof, store } from './constants.ts'
import { nextIndexStanding, type IndexStanding } from './index-channel.ts'
import type { OnDemandStanding } from './on-demand-channel.ts'
import { nextStoreStanding, type StoreStanding } from './store-channel.ts'

/** What is remembered of a miner from one evaluation to the next. Each channel moves by itself. */
export interface Standing {
  index: IndexStanding
  store: StoreStanding
  onDemand: OnDemandStanding
  /** Pages looked at since it came, or since the last draw that failed. */
  looks: number
  /** Evaluations in a row in which too little could be judged. */
  unjudged: number
  /** Share of its drawn pages that hold what their rows say, averaged. */
  confirmed: number
}

export const newcomer: Standing = {
  index: { credibility: index.startCredibility, raw: 0 },
  store: { credibility: store.startCredibility, effectiveBytes: 0 },
  onDemand: { credibility: onDemand.startCredibility, boost: 0, coverage: 1 },
  looks: 0,
  unjudged: 0,
  confirmed: 1,
}

/** What an evaluation of the index and the store came to. */
export type Outcome =
  /** The draw failed (`drawn`: pages contradict their rows), or what is claimed cannot be what it says. */
  | { state: 'failed'; drawn: boolean }
  | { state: 'passed'; raw: number; effectiveBytes: number; passRate: number; looks: number; confirmed: number }
  /** Too little could be judged, though others could be. */
  | { state: 'unjudged' }
  /** We could judge nothing: neither reward nor penalty for anybody. */
  | { state: 'ours' }

/** On demand is folded by itself (on-demand-channel.ts). */
export function afterEvaluation(old: Standing, outcome: Outcome): Standing {
  switch (outcome.state) {
    case 'ours':
      return old
    case 'unjudged': {
      const unjudged = old.unjudged + 1
      return unjudged < proof.unjudgedMax ? { ...old, unjudged } : { ...fallen(old), unjudged }
    }
    case 'failed':
      return { ...fallen(old), looks: outcome.drawn ? 0 : old.looks, unjudged: 0 }
    case 'passed': {
      const { raw, effectiveBytes: bytes, passRate, looks, confirmed } = outcome
      // Of who shows nothing of its own nothing was proved: who waits with empty hands is believed no more for it.
      if (looks === 0) return { ...old, index: { ...old.index, raw }, store: { ...old.store, effectiveBytes: bytes }, unjudged: 0 }
      return {
        ...old,
        // One page that is another is no failed draw: who passes is believed whole, as in the store.
        index: nextIndexStanding(old.index, raw, 1),
        store: nextStoreStanding(old.store, { passed: true, bytes, passRate }),
        looks: Math.min(looksKept, old.looks + looks),
        unjudged: 0,
        confirmed,
      }
    }
  }
}

/** What it had counts on, and what it comes back with beyond that must be proved. */
const fallen = (old: Standing): Standing => ({
  ...old,
  index: nextIndexStanding(old.index, old.index.raw, 0),
  store: nextStoreStanding(old.store, { passed: false, bytes: 0 }),
})

/** More proves nothing more. */
const looksKept = 1_000_000
