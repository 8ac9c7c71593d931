import type { Clock } from '#schemas/clock.ts'

/** The two clocks of a machine that may sleep: while it does, the one that paces work stands still (infra/clock.ts) and the date goes on. */
export interface WakingTime {
  pace: Clock
  /** The date as the machine has it, ms since the Unix epoch; anybody may set it. */
  date(): number
}

/** A sleep of the machine is seen so much after its end. */
const sliceMs = 5_000

/** Says how much time has passed since now for those who did not sleep, ms: what the clock that goes further says. A date that is set back takes nothing away. */
export function stopwatch({ pace, date }: WakingTime): () => number {
  const [paceFrom, dateFrom] = [pace.now(), date()]
  return () => Math.max(pace.now() - paceFrom, date() - dateFrom)
}

/** Resolves when so much time has passed, that of a sleep included. @throws the signal's reason */
export async function passTime(time: WakingTime, ms: number, signal: AbortSignal): Promise<void> {
  const passedMs = stopwatch(time)
  for (let leftMs = ms; leftMs > 0; leftMs = ms - passedMs()) await time.pace.sleep(Math.min(leftMs, sliceMs), signal)
}

/** Resolves when the date is `at` or later. @throws the signal's reason */
export async function untilDate({ pace, date }: WakingTime, at: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = at - date(); leftMs > 0; leftMs = at - date()) await pace.sleep(Math.min(leftMs, sliceMs), signal)
}
