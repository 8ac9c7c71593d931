import type { Clock } from '#schemas/clock.ts'

/** Wakes who waits for the n-th thing to happen, so that the end of an epoch is seen at once and not at the next look. */
export interface Bell {
  /** Rings once so many things have been counted from now on. */
  after(things: number): void
  count(things: number): void
  /** Rings now: something else has happened. */
  ring(): void
  /** Resolves when it rings, or after `mostMs` (another process may have done the counting). @throws the signal's reason */
  rung(pace: Clock, mostMs: number, signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let left = Infinity
  let ring: (() => void) | undefined
  return {
    after(things) {
      left = things
    },
    count(things) {
      left -= things
      if (left <= 0) ring?.()
    },
    ring: () => ring?.(),
    async rung(pace, mostMs, signal) {
      if (left <= 0) return
      const over = new AbortController()
      const rings = new Promise<void>((resolve) => (ring = resolve))
      const late = pace.sleep(mostMs, AbortSignal.any([signal, over.signal])).catch(() => undefined)
      await Promise.race([rings, late])
      over.abort()
      signal.throwIfAborted()
    },
  }
}
