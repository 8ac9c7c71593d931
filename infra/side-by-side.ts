import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { stackOf } from './telemetry/stack-of.ts'

/** Work that goes on beside others, again and again. */
export interface Part {
  name: string
  /** Works once. @returns how long to rest until the next time, ms */
  work(signal: AbortSignal): Promise<number>
}

interface Surroundings {
  pace: Clock
  telemetry: Telemetry
}

/** Rest after a failure; twice as long after each one more. */
const restMs = { min: 1000, max: 60_000 }

/**
 * Works on all parts side by side until the signal. What fails is told (`part.failed`), rests and is tried again, and stops none of the others; when it works
 * again, that is told too (`part.recovered`). Only what a person must mend in the settings ends them all.
 * @throws OrreryError `invalid_config` of a part; nobody is at work any more when this settles
 */
export async function workSideBySide(parts: readonly Part[], { pace, telemetry }: Surroundings, signal: AbortSignal): Promise<void> {
  const ending = new AbortController()
  const both = AbortSignal.any([signal, ending.signal])
  const tended = parts.map((part) => tend(part, { pace, telemetry }, both).catch((error: unknown) => ending.abort(error)))
  await Promise.all(tended)
  ending.signal.throwIfAborted()
}

async function tend({ name, work }: Part, { pace, telemetry }: Surroundings, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted;) {
    let rest: number
    try {
      rest = await work(signal)
      if (failures > 0) telemetry.event('part.recovered', { part: name, failures })
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof OrreryError && error.code === 'invalid_config') throw error
      rest = Math.min(restMs.max, restMs.min * 2 ** failures++)
      telemetry.event('part.failed', { part: name, failures, next_ms: pace.now() + rest, ...saysOf(error) })
    }
    await pace.sleep(rest, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
}

/** One of ours says in a sentence what is wrong; of any other the stack is needed. */
const saysOf = (error: unknown) => (error instanceof OrreryError ? { code: error.code, message: error.message } : { message: stackOf(error) })
