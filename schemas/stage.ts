import type { Clock } from './clock.ts'

/** Counts and events of a run, passed in; see infra/telemetry. Names are dotted nouns: `crawl.pages`, `extract.rejected`. */
export interface Telemetry {
  count(name: string, by?: number, labels?: Readonly<Record<string, string>>): void
  /** One thing that happened, for people and logs. Fields are JSON values with units in their names. */
  event(name: string, fields?: Readonly<Record<string, unknown>>): void
}

export interface StageContext {
  clock: Clock
  signal: AbortSignal
  telemetry: Telemetry
}

/** One step of a pipeline: a generator over a generator. Pulls no faster than it is pulled; stops at the signal. */
export type Stage<A, B> = (input: AsyncIterable<A>, context: StageContext) => AsyncIterable<B>

/** Why something was dropped. `subject` names it (a URL or id); `reason` is a stable code. */
export interface Reject {
  subject: string
  reason: string
  stage: string
  details?: Readonly<Record<string, unknown>>
}
