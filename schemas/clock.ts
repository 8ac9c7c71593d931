/**
 * Time, passed in. A process may hold two: one that stamps facts into artefacts (the date, or frozen for a reproducible run)
 * and one that paces work (leases, politeness, blocks), which always moves and never falls within one process.
 */
export interface Clock {
  /** Whole milliseconds since the Unix epoch. */
  now(): number
  /** Resolves after `durationMs`; rejects with the signal's reason when it is aborted first. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}
