import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '#schemas/clock.ts'

/** The machine's clock, held monotonic within the process. */
export function systemClock(): Clock {
  let latest = 0
  return {
    now: () => (latest = Math.max(latest, Date.now())),
    sleep,
  }
}

/** Always the same instant, for artefacts that must come out equal twice. It still sleeps for real: only facts are frozen, not work. */
export const frozenClock = (atMs: number): Clock => ({ now: () => atMs, sleep })

async function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  await delay(Math.max(0, durationMs), undefined, { signal }).catch((cause: unknown) => {
    throw signal?.aborted ? signal.reason : cause
  })
}
