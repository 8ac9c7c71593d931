/**
 * Time, passed in. A process may hold two: one that stamps facts into artefacts (frozen for a reproducible run)
 * and one that paces work (leases, politeness, blocks), which always moves.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, never falling within one process. */
  now(): number
  /** Resolves after `durationMs`; rejects with the signal's reason when it is aborted first. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}
