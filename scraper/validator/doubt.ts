import type { Judgement } from './judge-page.ts'
import { shareByRows } from './row-book/draw.ts'

/** What all looks at a miner's rows say of it together, over its indexes and the cycles. */
export interface Doubt {
  /** Rows that were judged so far, each once. */
  judged: number
  /** Log of how much likelier what is lost is with fabricated rows than without, and what of it is gone; each 0 at least. */
  lost: number
  gone: number
  /** Of the rows that were contradicted last: which in the count of `judged`, and when, ms. */
  contradicted: readonly { judged: number; at: number }[]
}

export const noDoubt: Doubt = { judged: 0, lost: 0, gone: 0, contradicted: [] }

/**
 * Of an honest miner's pages so many hold nothing of what they held, or are gone, when they are looked at; so many with rows fabricated beside. Of pages that it
 * showed a month ago more: in ten weeks a tenth of all pages goes away (Fetterly et al., A Large-Scale Study of the Evolution of Web Pages, WWW 2003).
 */
const lostShares = { honest: 0.05, cheating: 0.1 }
const goneShares = { honest: 0.015, cheating: 0.1 }
const sharePerDay = 0.1 / 30
const shareMax = 0.5
/** From here on a miner fails: an honest one with the shares above gets there once in several hundred thousand rows. */
const failsAt = 10
/** From here on more of its rows are looked at, so that luck and cheat come apart soon. */
const suspectAt = 2.5
/** What is beyond this is no worse: good rows bring a miner back, and not in a year. */
const cap = 14
/** So many contradicted rows fail nobody, among so many of its last, within so long. One alone may be an error in the world. */
const contradictedMax = 1
const contradictedAmong = 500
const contradictedMs = 72 * 3_600_000
const dayMs = 86_400_000

/**
 * With one more row judged. What is lost is summed up as Page's CUSUM does it (Biometrika 41, 1954): the log of the likelihood ratio of a cheating miner against an
 * honest one, never below 0, so that nobody earns credit for later.
 * @param ageMs since the row was first seen in a claim, by the chain
 */
export function doubtWith(
  doubt: Doubt,
  { verdict, lost, isAbsent = false }: Pick<Judgement, 'verdict' | 'lost' | 'isAbsent'>,
  { at, ageMs }: { at: number; ageMs: number },
): Doubt {
  if (verdict === 'unfetchable') return doubt
  const judged = doubt.judged + 1
  if (verdict === 'contradicted') return { ...doubt, judged, contradicted: [...recent(doubt, at), { judged, at }].slice(-contradictedAmong) }
  return {
    judged,
    lost: moved(doubt.lost, lost, lostShares, ageMs),
    gone: moved(doubt.gone, isAbsent ? 1 : 0, goneShares, ageMs),
    contradicted: recent(doubt, at),
  }
}

function moved(sum: number, lost: number, { honest, cheating }: typeof lostShares, ageMs: number): number {
  const expected = Math.min(shareMax, honest + (sharePerDay * Math.max(0, ageMs)) / dayMs)
  const claimed = expected + cheating - honest
  const step = lost * Math.log(claimed / expected) + (1 - lost) * Math.log((1 - claimed) / (1 - expected))
  return Math.min(cap, Math.max(0, sum + step))
}

const recent = ({ judged, contradicted }: Doubt, at: number): Doubt['contradicted'] =>
  contradicted.filter((one) => one.judged > judged - contradictedAmong && one.at > at - contradictedMs)

export const isSuspect = ({ lost, gone }: Doubt): boolean => lost >= suspectAt || gone >= suspectAt

/** What a miner fails by. */
export function faultsOf(doubt: Doubt, at: number): ('contradicted' | 'lost')[] {
  const isLost = doubt.lost >= failsAt || doubt.gone >= failsAt
  return [...(recent(doubt, at).length > contradictedMax ? ['contradicted' as const] : []), ...(isLost ? ['lost' as const] : [])]
}

/**
 * The largest share of wrong rows with which a draw would show no more of them than it did, once in twenty: the upper bound of Clopper and Pearson (Biometrika 26,
 * 1934) with a confidence of 95 %.
 */
export function wrongShareMax({ judged, wrong }: { judged: number; wrong: number }): number {
  let [low, high] = [wrong / Math.max(1, judged), 1]
  if (wrong >= judged) return 1
  for (let halvings = 0; halvings < 40; halvings++) {
    const share = (low + high) / 2
    if (chanceOfAtMost(wrong, judged, share) > 0.05) low = share
    else high = share
  }
  return high
}

/** Of so many wrong ones among the drawn. */
function chanceOfAtMost(wrong: number, drawn: number, share: number): number {
  let [term, sum] = [(1 - share) ** drawn, 0]
  for (let shown = 0; shown <= wrong; shown++) {
    sum += term
    term *= ((drawn - shown) / (shown + 1)) * (share / (1 - share))
  }
  return sum
}

/** For a person: where a miner stands, and what fails it. */
export interface DoubtTerms {
  judged: number
  contradicted: number
  contradictedFails: number
  lost: number
  gone: number
  lostFails: number
}

export const doubtTerms = (doubt: Doubt, at: number): DoubtTerms => ({
  judged: doubt.judged,
  contradicted: recent(doubt, at).length,
  contradictedFails: contradictedMax + 1,
  lost: doubt.lost,
  gone: doubt.gone,
  lostFails: failsAt,
})

/**
 * How many tries a miner needs until so many looks in a row show too few of its fabricated rows to fail it: 1 ÷ P(at most `contradictedMax` of them are fabricated),
 * out of a claim that is large against the draw. `even`: rows as long as the others, each look may meet one. `tiny`: rows of hardly a byte, which are paid for by their
 * number; only looks that are drawn by rows meet them (row-book/draw.ts).
 * @param looks judged rows before a score counts whole: of several evaluations in a row
 * @param fabricated share of the rows, 0..1, that can be contradicted
 */
export const grindingDraws = ({ looks, fabricated }: { looks: number; fabricated: number }): { even: number; tiny: number } => ({
  even: 1 / chanceOfAtMost(contradictedMax, looks, fabricated),
  tiny: 1 / chanceOfAtMost(contradictedMax, Math.floor(looks * shareByRows), fabricated),
})
