import { recentValues } from '#infra/recent-values.ts'
import { OrreryError } from '#schemas/errors.ts'

interface Bucket {
  left: number
  at: number
}

/** Whoever asks too often is told when to come again; by name, so that it costs nobody else. */
export interface RateLimit {
  /** @throws OrreryError `rate_limited` */
  take(name: string): void
}

/**
 * A bucket of tokens for each name: `burst` at once, `perSecond` in the long run. Buckets of the names that were used longest ago are forgotten, full or not.
 * @param now monotonic, ms
 */
export function rateLimit({ perSecond, burst, now }: { perSecond: number; burst: number; now: () => number }): RateLimit {
  const buckets = recentValues<string, Bucket>({ bytesMax: bucketsBytesMax, bytesOf: () => 64 })
  return {
    take(name) {
      const [at, known] = [now(), buckets.get(name)]
      const passedMs = known ? Math.max(0, at - known.at) : 0
      const left = known ? Math.min(burst, known.left + (passedMs * perSecond) / 1000) : burst
      if (left < 1) {
        const retrySeconds = (1 - left) / perSecond
        throw new OrreryError(
          'rate_limited',
          `"${name.slice(0, 100)}" asks more than ${perSecond} times a second; come again in ${retrySeconds.toFixed(2)} s.`,
          {
            retry_after_seconds: retrySeconds,
          },
        )
      }
      if (known) {
        known.left = left - 1
        known.at = at
      } else buckets.keep(name, { left: left - 1, at })
    },
  }
}

const bucketsBytesMax = 16 * 2 ** 20
