import type { Candidate } from './candidate.ts'

/** One quality rule: what it measures is stored with every document it keeps, whether it decides is said in one stable code. Pure. */
export interface Filter {
  /** Its name in `quality`. */
  readonly name: string
  measure(candidate: Candidate): number
  /** Keeps a document with this measure, or says why not. */
  judge(measure: number, candidate: Candidate): true | string
}

/** A threshold; `false`: it does not decide. */
export type Limit = number | false

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

export interface Judgement {
  /** Measure of each rule, to three decimals. */
  quality: Record<string, number>
  /** The first refusal in the order of the rules; undefined = kept. */
  refusal: string | undefined
  /** Reason of each rule that refuses, by its name. */
  refusals: Record<string, string>
}

export function judge(candidate: Candidate, filters: readonly Filter[]): Judgement {
  const quality: Record<string, number> = {}
  const refusals: Record<string, string> = {}
  for (const filter of filters) {
    const measure = Math.round(filter.measure(candidate) * 1000) / 1000
    quality[filter.name] = measure
    const verdict = filter.judge(measure, candidate)
    if (verdict !== true) refusals[filter.name] = verdict
  }
  return { quality, refusal: Object.values(refusals)[0], refusals }
}
