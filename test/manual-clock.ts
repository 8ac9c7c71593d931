import type { Clock } from '#schemas/clock.ts'

/** A clock that only moves when it is told to; who sleeps wakes when it has been moved far enough. */
export interface ManualClock extends Clock {
  advance(byMs: number): void
}

export function manualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let now = startMs
  const sleepers = new Set<{ until: number; wake: () => void }>()
  return {
    now: () => now,
    advance(byMs) {
      now += byMs
      for (const sleeper of sleepers) if (sleeper.until <= now) sleeper.wake()
    },
    sleep(durationMs, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const abort = () => reject(signal?.reason)
      const sleeper = { until: now + durationMs, wake: resolve }
      if (signal?.aborted) abort()
      else if (sleeper.until <= now) resolve()
      else sleepers.add(sleeper)
      signal?.addEventListener('abort', abort, { once: true })
      return promise.finally(() => {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', abort)
      })
    },
  }
}
