import type { LossEvidence } from '#schemas/desirability.ts'
import type { LossWindow } from '#schemas/steering.ts'
import { micro } from './epoch-losses.ts'
import { medianOf, theilSen, zOfTwo } from './slope.ts'

/** What is known of a label at the end of an epoch. */
export interface LabelHistory {
  label: string
  /** Of this epoch: settled batches, operators heard, and how many of the windows are of it. */
  batches: number
  voices: number
  fresh: number
  /** Tokens of it that the run has trained. */
  tokens: number
  /** Of the run, the newest at the end. */
  windows: readonly LossWindow[]
}

/** What the dataset itself found in the pages of a label, shares of the rows it looked at. */
export interface Findings {
  /** Copies of documents it has. */
  copies: number
  /** Rows that are no documents of it. */
  refused: number
}

export interface JudgeContext {
  /** Tokens of the vocabulary: a loss of ln(vocabulary) is what guessing costs. */
  vocabulary: number
  findings: ReadonlyMap<string, Findings>
}

export interface Judgement {
  evidence: LossEvidence
  /** The weights of this label shall be multiplied by this, 0.8..1.2. */
  factor: number
}

/**
 * `progress`: it is learnt, and moves as far as it surely differs from the others. `learnt`: surely not, for now. `noise`: the same at the loss of a guess.
 * `boilerplate`: it is known by heart. `doubtful`: it should rise, were it not for what the dataset found in it. `unclear`: it may be either. `disputed`: the two
 * medians point apart.
 */
type Verdict = 'progress' | 'learnt' | 'noise' | 'boilerplate' | 'doubtful' | 'unclear' | 'disputed' | 'no_evidence'

/** A weight moves by at most this share in an epoch. */
const stepMax = 0.2
/** Windows that its level is the median of. */
const levelWindows = 3
/** Below this loss a text is known by heart; where most rows are copies, below the other. Nats per token. */
const heartLoss = { of: 0.5, ofCopies: 1.5 }
/** Above this share of the loss of a guess, what is not learnt is noise. */
const noiseShare = 0.85
/** Of what the dataset found: of more it is doubtful. */
const most = 0.5

/** A decision of one of the two medians. */
interface Vote {
  factor: number
  verdict: Verdict
  progress: Progress | undefined
}

interface Progress {
  at: number
  low: number
  high: number
}

/** A label as one of the two medians has it. */
interface Measured {
  history: LabelHistory
  level: number | undefined
  progress: Progress | undefined
}

/**
 * What the losses of a run say of each label, whatever its nodes are: the windows are medians over operators (epoch-losses.ts), so a minority moves them within
 * what honest nodes differ by. Pure.
 *
 * The loss of a source falls about evenly with the logarithm of the tokens that were trained of it, as power laws do (Kaplan et al. 2020): slopes are taken over
 * ln tokens, and learning progress is what one more token brings, −slope ÷ tokens. A budget is spent best where that is the same everywhere, so a label rises whose
 * progress is above the others', and sinks below it: with q = √progress, and r the mean of q over the labels that are surely learnt, by
 * 0.2 × min(1, 2|q − r| ÷ r), q taken at the end of its confidence interval (slope.ts) that lies nearer to r, and by nothing where r lies within.
 * What is trained less has fewer tokens, so the same slope is worth more there: no label is starved for having been.
 *
 * An even number of operators has two medians: each decides by itself, and a weight moves as far as both say.
 */
export function judge(labels: readonly MeasuredLabel[], context: JudgeContext): Judgement[] {
  const [one, other] = ([0, 1] as const).map((median) => {
    const ofMedian = labels.map((label) => label[median])
    return votesOf(ofMedian, context)
  })
  return labels.map(([{ history }], at) => {
    const agreed = agree(one?.[at] ?? silent, other?.[at] ?? silent)
    return { factor: agreed.factor, evidence: evidenceOf(history, agreed) }
  })
}

/** A label as either of its medians has it. */
export type MeasuredLabel = readonly [Measured, Measured]

/** The part of judging that takes its time: some 0.1 to 0.3 ms. */
export function measured(history: LabelHistory): MeasuredLabel {
  const one = measure(history, 0)
  return [one, history.windows.every(({ medians }) => medians[0] === medians[1]) ? one : measure(history, 1)]
}

const silent: Vote = { factor: 1, verdict: 'no_evidence', progress: undefined }

function agree(one: Vote, other: Vote): Vote {
  if ((one.factor - 1) * (other.factor - 1) < 0) return { ...one, factor: 1, verdict: 'disputed' }
  return Math.abs(other.factor - 1) < Math.abs(one.factor - 1) ? other : one
}

function measure(history: LabelHistory, median: 0 | 1): Measured {
  const points = history.windows.map(({ tokens, medians }) => ({ x: Math.log(Math.max(1, tokens)), y: medians[median] }))
  const fall = history.voices === 2 ? theilSen(points, zOfTwo) : theilSen(points)
  const perMillion = 1e6 / Math.max(1, history.tokens)
  return {
    history,
    level: points.length < levelWindows ? undefined : medianOf(points.slice(-levelWindows).map(({ y }) => y)),
    // An interval without ends says nothing.
    progress: fall && Number.isFinite(fall.low) ? { at: -fall.slope * perMillion, low: -fall.high * perMillion, high: -fall.low * perMillion } : undefined,
  }
}

function votesOf(labels: readonly Measured[], context: JudgeContext): Vote[] {
  const learning = labels.flatMap((label) => (label.progress && label.progress.low > 0 && !isByHeart(label, context) ? [Math.sqrt(label.progress.at)] : []))
  const usual = learning.length === 0 ? undefined : learning.reduce((sum, q) => sum + q, 0) / learning.length
  return labels.map((label) => ({ ...decide(label, usual, context), progress: label.progress }))
}

function decide(label: Measured, usual: number | undefined, context: JudgeContext): Omit<Vote, 'progress'> {
  const { level, progress, history } = label
  if (level === undefined || history.batches === 0) return { factor: 1, verdict: 'no_evidence' }
  if (isByHeart(label, context)) return { factor: 1 - stepMax, verdict: 'boilerplate' }
  if (!progress) return { factor: 1, verdict: 'no_evidence' }
  const verdict = progress.low > 0 ? 'progress' : 'unclear'
  if (usual === undefined) return { factor: 1, verdict }
  const [low, high] = [rootOf(progress.low), rootOf(progress.high)]
  if (low > usual) return isDoubtful(label, context) ? { factor: 1, verdict: 'doubtful' } : { factor: 1 + step(low - usual, usual), verdict }
  if (high >= usual) return { factor: 1, verdict }
  const factor = 1 - step(usual - high, usual)
  if (progress.low > 0) return { factor, verdict }
  return { factor, verdict: level > noiseShare * Math.log(context.vocabulary) ? 'noise' : 'learnt' }
}

const step = (by: number, usual: number): number => stepMax * Math.min(1, (2 * by) / usual)
const rootOf = (progress: number): number => Math.sqrt(Math.max(0, progress))

const isByHeart = ({ history, level }: Measured, { findings }: JudgeContext): boolean =>
  level !== undefined && level < ((findings.get(history.label)?.copies ?? 0) > most ? heartLoss.ofCopies : heartLoss.of)

function isDoubtful({ history }: Measured, { findings }: JudgeContext): boolean {
  const found = findings.get(history.label)
  return found !== undefined && (found.copies > most || found.refused > most)
}

function evidenceOf({ label, batches, voices, fresh, windows }: LabelHistory, { verdict, progress }: Vote): LossEvidence {
  const [first, last] = fresh === 0 ? [] : [windows.at(-fresh), windows.at(-1)]
  return {
    label,
    batches,
    nodes: voices,
    loss_before: first ? micro(medianOf(first.medians)) : null,
    loss_after: last ? micro(medianOf(last.medians)) : null,
    progress: progress ? micro(progress.at) : null,
    ...(progress && { progress_low: micro(progress.low), progress_high: micro(progress.high) }),
    verdict,
  }
}
