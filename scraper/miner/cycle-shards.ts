import { storeFailure } from '#infra/store/failure.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Queue } from '#schemas/queue.ts'
import type { FlushOptions, ShardWriter, SnapshotReport } from '../shard/shard-writer.ts'

export interface CycleShardsOptions extends Pick<FlushOptions, 'jobs' | 'rejects'> {
  writer: ShardWriter
  /** Of documents. */
  queue: Queue
  pace: Clock
  /** Of texts. */
  flushBytes: number
  flushMs: number
  /** Only at the end, so that when something was crawled does not show in the shards. */
  inTheEnd: boolean
  signal: AbortSignal
}

/** What a crawl works with. */
export interface ShardedCrawl {
  /** The queue, watched. */
  documents: Queue
  /** Aborted with the cycle, and when shards cannot be written. */
  signal: AbortSignal
  /** To be called whenever time may have passed. */
  look(): void
}

/** What is queued when a cycle is aborted becomes shards within this time, or stays queued. */
const stopMs = 10_000

/**
 * Crawls, and makes shards of it: by size and by time while the crawl goes on, merging between two flushes, and of the rest at its end, also when it is aborted.
 * @throws what the crawl throws, or what kept shards from being written
 */
export async function crawlIntoShards(options: CycleShardsOptions, crawl: (during: ShardedCrawl) => Promise<unknown>): Promise<SnapshotReport> {
  const { writer, rejects } = options
  const failing = new AbortController()
  const signal = AbortSignal.any([options.signal, failing.signal])
  /** A flush that has begun is brought to its end, so that nothing stays claimed. */
  const ending = new AbortController()
  const { waiting, leased } = await options.queue.stats()
  // What a killed process left is due like what comes now.
  const flushes = backgroundFlushes(options, { queued: waiting + leased, signal, ending: ending.signal, failed: (error) => failing.abort(error) })
  try {
    await crawl({ documents: flushes.watched, signal, look: flushes.look })
    await flushes.settled()
    signal.throwIfAborted()
    await writer.waitForOthers(signal)
    await flushes.flush()
    await writer.compact(rejects, signal)
    return await writer.report(signal)
  } catch (error) {
    const timer = setTimeout(() => ending.abort(new DOMException('the stop took too long', 'TimeoutError')), stopMs)
    try {
      await flushes.settled()
      // What ended the crawl may have taken the store with it.
      if (!failing.signal.aborted && storeFailure(error) === undefined)
        await flushes.flush().catch((cause: unknown) => ending.signal.aborted || Promise.reject(cause))
    } finally {
      clearTimeout(timer)
    }
    throw failing.signal.aborted ? failing.signal.reason : error
  }
}

interface FlushEnds {
  /** Messages that are in the queue. */
  queued: number
  signal: AbortSignal
  ending: AbortSignal
  failed(error: unknown): void
}

function backgroundFlushes({ writer, queue, pace, jobs, rejects, ...options }: CycleShardsOptions, { queued, signal, ending, failed }: FlushEnds) {
  let [bytes, since] = [queued, pace.now()]
  let running: Promise<void> | undefined
  const flush = async (): Promise<void> => {
    ;[bytes, since] = [0, pace.now()]
    await writer.flush({ jobs, rejects, signal: ending })
    await writer.publish(ending)
  }
  const work = async (): Promise<void> => {
    try {
      await flush()
      await writer.compact(rejects, signal)
    } catch (error) {
      if (!signal.aborted) failed(error)
    }
    running = undefined
  }
  const isDue = (): boolean => bytes > 0 && (bytes >= options.flushBytes || pace.now() - since >= options.flushMs)
  const look = (): void => {
    if (!options.inTheEnd && running === undefined && !signal.aborted && isDue()) running = work()
  }
  const watched: Queue = {
    ...queue,
    async add(messages) {
      const added = await queue.add(messages)
      for (const { body } of messages) bytes += bytesOf(body)
      look()
      return added
    },
  }
  return { flush, look, watched, settled: async () => running }
}

/** Of its text, as a document says it; what is none is something all the same. */
function bytesOf(body: unknown): number {
  const size = typeof body === 'object' && body !== null && 'text_bytes' in body ? body.text_bytes : 1
  return typeof size === 'number' ? size : 1
}
