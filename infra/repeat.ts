import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'

export interface Repetition<Report> {
  work(signal: AbortSignal): Promise<Report>
  /** Rest until the next time (ms); undefined is the report of a time that failed. */
  restMs(report: Report | undefined): number
  /** Event that tells of a failure. */
  failed: string
  pace: Clock
  telemetry: Telemetry
}

/** Works again and again until the signal. What may pass by itself (another process was first, a store is away) is told and tried again; anything else ends it. */
export async function repeat<Report>({ work, restMs, failed, pace, telemetry }: Repetition<Report>, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      const report = await work(signal).catch((error: unknown) => {
        if (!(error instanceof OrreryError && error.retryable)) throw error
        telemetry.event(failed, { code: error.code, message: error.message })
        return undefined
      })
      await pace.sleep(restMs(report), signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
