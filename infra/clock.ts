import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '#schemas/clock.ts'

/** Where a clock reads the time; another is passed in by tests. */
interface TimeSource {
  /** The machine's idea of the date, ms since the Unix epoch, which anybody may set. */
  wallMs(): number
  /** Since some moment, ms; it only goes on. */
  monotonicMs(): number
}

const machine: TimeSource = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

/**
 * A clock to pace work by: the date at its start and the time that has passed since, so that a date that jumps, or is set back, moves no lease and no rest.
 *
 * Time that the machine is suspended does not pass for it (Linux: CLOCK_MONOTONIC): after that it is behind the date until the process starts again. Rests
 * and leases then last as long as they should in waking time; to a process that starts later they may seem to be over, which every lease survives.
 */
export function systemClock({ wallMs, monotonicMs }: TimeSource = machine): Clock {
  const behindMs = wallMs() - monotonicMs()
  return { now: () => Math.floor(behindMs + monotonicMs()), sleep }
}

/** The date as the machine has it, to stamp facts with: a wrong date is believed as long as the machine believes it, and no longer. It may go back. */
export const wallClock = ({ wallMs }: TimeSource = machine): Clock => ({ now: () => Math.floor(wallMs()), sleep })

/** Always the same instant, for artefacts that must come out equal twice. It still sleeps for real: only facts are frozen, not work. */
export const frozenClock = (atMs: number): Clock => ({ now: () => atMs, sleep })

/** The most a timer of Node can wait: 24.8 days. */
const timerMsMax = 2 ** 31 - 1

async function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  try {
    let leftMs = Math.max(0, durationMs)
    for (; leftMs > timerMsMax; leftMs -= timerMsMax) await delay(timerMsMax, undefined, { signal })
    await delay(leftMs, undefined, { signal })
  } catch (cause) {
    throw signal?.aborted ? signal.reason : cause
  }
}
