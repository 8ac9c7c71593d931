export interface Candidate {
  readonly text: string
  readonly words: readonly string[]
  /** ISO 639-1, or `und`. */
  readonly lang: string
}

/** One quality rule: what it measures is stored with every document it keeps, whether it decides is said in one stable code. Pure. */
export interface Filter {
  /** Its name in `quality`. */
  readonly name: string
  measure(candidate: Candidate): number
  /** Keeps a document with this measure, or says why not. */
  judge(measure: number, candidate: Candidate): true | string
}

export interface Judgement {
  /** Measure of each rule, to three decimals. */
  quality: Record<string, number>
  /** The first refusal in the order of the rules; undefined = kept. */
  refusal: string | undefined
}

export function judge(candidate: Candidate, filters: readonly Filter[]): Judgement {
  const quality: Record<string, number> = {}
  let refusal: string | undefined
  for (const filter of filters) {
    const measure = Math.round(filter.measure(candidate) * 1000) / 1000
    quality[filter.name] = measure
    const verdict = filter.judge(measure, candidate)
    if (verdict !== true) refusal ??= verdict
  }
  return { quality, refusal }
}
