import { OrreryError } from '#schemas/errors.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { knownStatistics, statisticsOf, type Statistics, type StatisticsParts } from './statistics.ts'

const waitMsMax = 20_000
/** Versions that are counted or wait for it. */
const versionsMax = 8

/**
 * Counts each version once, however many ask for it at a time, and goes on when they hang up: the next finds it done. One after the other, so that whoever asks
 * for many versions leaves room for statements of others.
 */
export interface SharedCount extends Disposable {
  /** @throws OrreryError `store_unavailable` (retryable) when it takes longer than somebody waits, or too many versions wait */
  statistics(parts: StatisticsParts, entry: DatasetEntry): Promise<Statistics>
}

export function sharedCount(): SharedCount {
  const running = new Map<string, Promise<Statistics>>()
  const closing = new AbortController()
  let last: Promise<unknown> = Promise.resolve()
  const count = (parts: StatisticsParts, entry: DatasetEntry): Promise<Statistics> => {
    if (running.size >= versionsMax) throw comeAgain('Other versions are being counted')
    const counting = last.then(() => statisticsOf(parts, entry, closing.signal)).finally(() => running.delete(entry.sha256))
    last = counting.catch(() => undefined)
    running.set(entry.sha256, counting)
    return counting
  }
  return {
    async statistics(parts, entry) {
      const known = await knownStatistics(parts.store, entry)
      return known ?? (await within(waitMsMax, running.get(entry.sha256) ?? count(parts, entry)))
    },
    [Symbol.dispose]: () => closing.abort(new OrreryError('store_unavailable', 'The service is closing; ask again when it is back.')),
  }
}

const comeAgain = (why: string): OrreryError => new OrreryError('store_unavailable', `${why}; ask again in a while.`, { retry_after_seconds: 10 })

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(comeAgain('The statistics are being counted')), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
