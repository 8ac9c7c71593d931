import { mean, type LossCurve } from './loss-curve.ts'

/** What was done with a weight, and why. `disputed`: the nodes do not agree on the direction, so nothing is. */
type Verdict = 'progress' | 'no_evidence' | 'boilerplate' | 'noise' | 'disputed'

/** By which factor a weight shall move. */
export interface Vote {
  factor: number
  verdict: Verdict
}

export interface LabelContext {
  /** Tokens of the vocabulary: a loss of ln(vocabulary) is what guessing costs. */
  vocabulary: number
  /** Label → share of its pages that were duplicates, where known. */
  duplicates: ReadonlyMap<string, number>
}

/** A weight moves by at most this share in an epoch. */
const stepMax = 0.2
/** Below this loss a text is known by heart; with more duplicates than originals, below the other. Nats per token. */
const boilerplateLoss = 0.5
const boilerplateLossOfDuplicates = 1.5
const manyDuplicates = 0.5
/** Above this share of a guess's loss, and learning less than that many nats, there is nothing to learn. */
const noiseShare = 0.85
const noiseProgress = 0.05
/** A smaller share of the loss than this is learnt by chance; it softens the comparison. */
const chanceShare = 0.01

export const neutral: Vote = { factor: 1, verdict: 'no_evidence' }

/**
 * One node's votes. A label that is boilerplate or noise shall sink by the whole step. Among the others, what was learnt faster than the node's own mean shall
 * rise, what was learnt slower shall sink: 1 + 0.2 × clamp((p − mean p) ÷ (mean |p| + 0.01), −1, 1), p = (before − after) ÷ before: the share of its loss
 * that was learnt away, so that hard sources and easy ones are measured alike. A node is only ever compared with itself, so that a fast machine, a better model or an invented scale gives no more than one vote.
 */
export function votesOf(curves: ReadonlyMap<string, LossCurve>, context: LabelContext): Map<string, Vote> {
  const votes = new Map<string, Vote>()
  const learning = new Map<string, number>()
  for (const [label, curve] of curves) {
    const useless = uselessness(label, curve, context)
    if (useless) votes.set(label, { factor: 1 - stepMax, verdict: useless })
    else learning.set(label, (curve.before - curve.after) / Math.max(curve.before, Number.EPSILON))
  }
  const progress = [...learning.values()]
  const usual = mean(progress)
  const scale = mean(progress.map(Math.abs)) + chanceShare
  for (const [label, p] of learning) votes.set(label, { factor: 1 + stepMax * Math.max(-1, Math.min(1, (p - usual) / scale)), verdict: 'progress' })
  return votes
}

function uselessness(label: string, { before, after }: LossCurve, { vocabulary, duplicates }: LabelContext): Verdict | undefined {
  const heart = (duplicates.get(label) ?? 0) > manyDuplicates ? boilerplateLossOfDuplicates : boilerplateLoss
  if (after < heart) return 'boilerplate'
  if (after > noiseShare * Math.log(vocabulary) && before - after < noiseProgress) return 'noise'
  return undefined
}

/**
 * What the nodes decide together: the median vote; of an even number, the one of the two in the middle that moves less, and nothing when they point apart.
 * So with fewer liars than honest nodes the outcome lies between honest votes, or between an honest vote and no change.
 */
export function decide(votes: readonly Vote[]): Vote {
  const sorted = votes.toSorted((a, b) => a.factor - b.factor)
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  const upper = sorted[Math.floor(sorted.length / 2)]
  if (!lower || !upper) return neutral
  if (lower.factor < 1 && upper.factor > 1) return { factor: 1, verdict: 'disputed' }
  return Math.abs(lower.factor - 1) < Math.abs(upper.factor - 1) ? lower : upper
}
