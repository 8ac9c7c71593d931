/** What one measured run of one contestant cost. */
export interface Sample {
  /** User + system of the process, its threads and the children it waited for, without the set-up. */
  cpuSeconds: number
  wallSeconds: number
  /** High-water mark of the process that ran it. */
  rssBytes: number
  /** What the run says of itself: units done, bytes written, seconds of a part. */
  counts: Record<string, number>
}

/** One way to do the work. Each round runs it in a process of its own. */
export interface Contestant {
  /** Not measured. */
  setUp?(quick: boolean): Promise<void>
  run(quick: boolean, size: Size): Promise<Record<string, number>>
  tearDown?(): Promise<void>
}

export interface Figures {
  /** null = could not be taken; `notes` says why. */
  figures: Record<string, number | null>
  notes?: Record<string, string>
  /** For people, printed before the figures. */
  tables?: readonly string[]
}

/** How much is done: `--quick`, nothing, `--full`. */
export type Size = 'quick' | 'usual' | 'full'

/** A file `test/bench/NAME.bench.ts` exports one as `bench`. */
export interface Bench {
  /** Three when absent. */
  rounds?: number
  contestants: Record<string, Contestant>
  /** Makes the figures of the samples of all rounds, each list in the order of the rounds. */
  summarize(samples: Readonly<Record<string, readonly Sample[]>>): Figures
}

export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length === 0) return null
  return ((sorted[Math.floor(middle - 0.5)] ?? 0) + (sorted[Math.ceil(middle - 0.5)] ?? 0)) / 2
}

/** Median over the rounds of the ratio a ÷ b within one round, so that a drift of the machine cancels out. */
export function medianRatio(a: readonly Sample[], b: readonly Sample[], value: (sample: Sample) => number): number | null {
  return median(a.flatMap((sample, round) => (b[round] ? [value(sample) / value(b[round])] : [])))
}
