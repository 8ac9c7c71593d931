import type { Candidate } from './candidate.ts'

/** One quality rule: what it measures is stored with every document it keeps, whether it decides is said in one stable code. Pure. */
export interface Filter {
  /** Its name in `quality`. */
  readonly name: string
  measure(candidate: Candidate): number
  /** What its settings allow; nothing where it does not decide by a number. */
  readonly bounds?: Bounds
  /** Keeps a document with this measure, or says why not. */
  judge(measure: number, candidate: Candidate): true | string
}

/** A threshold; `false`: it does not decide. */
export type Limit = number | false

interface Bounds {
  min?: Limit
  max?: Limit
}

/** Keeps what measures no more than the limit. */
export const atMost =
  (limit: Limit, reason: string): Filter['judge'] =>
  (measure) =>
    limit === false || measure <= limit || reason

/** Keeps what measures no less than the limit. */
export const atLeast =
  (limit: Limit, reason: string): Filter['judge'] =>
  (measure) =>
    limit === false || measure >= limit || reason

/** What a rule measured that refuses, unrounded: its reason, and what would have been kept, at least `min` and at most `max`. */
export interface RefusedScore {
  reason: string
  score: number
  min?: number
  max?: number
}

export interface Judgement {
  /** Measure of each rule, to three decimals; rules judge by the whole of it. */
  quality: Record<string, number>
  /** The first refusal in the order of the rules; undefined = kept. */
  refusal: string | undefined
  /** Each rule that refuses, by its name. */
  refused: Record<string, RefusedScore>
}

const boundsOf = ({ bounds: { min = false, max = false } = {} }: Filter) => ({ ...(min !== false && { min }), ...(max !== false && { max }) })

export function judge(candidate: Candidate, filters: readonly Filter[]): Judgement {
  const quality: Record<string, number> = {}
  const refused: Record<string, RefusedScore> = {}
  for (const filter of filters) {
    const measure = filter.measure(candidate)
    quality[filter.name] = Math.round(measure * 1000) / 1000
    const verdict = filter.judge(measure, candidate)
    if (verdict === true) continue
    refused[filter.name] = { reason: verdict, score: measure, ...boundsOf(filter) }
  }
  return { quality, refusal: Object.values(refused)[0]?.reason, refused }
}
