import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { Sweep, SweepScope } from './sweep.ts'

/**
 * A look, when it is time for one; to be called while the owner puts nothing. What fails is told, and tried again when the next look is due: garbage can wait.
 * @param owner in the events `sweep` and `sweep.failed`
 */
export async function sweepWhenDue(
  sweep: Sweep,
  scope: SweepScope,
  { owner, telemetry, signal }: { owner: string; telemetry: Telemetry; signal: AbortSignal },
) {
  if (!sweep.isDue()) return
  try {
    const report = await sweep.run(scope, signal)
    if (report.deleted > 0) telemetry.event('sweep', { owner, ...report })
  } catch (error) {
    if (!(error instanceof OrreryError)) throw error
    telemetry.event('sweep.failed', { owner, code: error.code, message: error.message })
  }
}
