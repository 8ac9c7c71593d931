import { randomBytes } from 'node:crypto'
import type { EventName } from '#schemas/feed-jobs.ts'

export interface SentEvent {
  id: string
  name: EventName
  /** JSON. */
  data: string
}

/** What happens to a job, for whoever listens; the last events are kept for who comes back. */
export interface Events {
  tell(name: EventName, data: object): void
  /**
   * From the event after `lastId` on; where that is not kept any more, or none is given, first a `reset` with how it stands.
   * Ends with the signal, and when its reader is too slow for what happens.
   */
  listen(lastId: string | undefined, signal: AbortSignal): AsyncGenerator<SentEvent | 'quiet'>
  readonly listeners: number
}

const keptMax = 256
/** A reader that is so many events behind has to come again. */
const behindMax = 256
/** Nothing happens for so long: something is sent all the same, so that both ends see that the other is there. */
const quietMs = 15_000

/** @param standing how it stands now, for `reset` */
export function createEvents(standing: () => Promise<object>): Events {
  // Ids of another process are not ours.
  const start = randomBytes(6).toString('hex')
  const kept: SentEvent[] = []
  const readers = new Set<(event: SentEvent) => void>()
  let last = 0

  const next = (name: EventName, data: object): SentEvent => ({ id: `${start}.${last}`, name, data: JSON.stringify(data) })

  /** Undefined where nobody can tell. */
  function missedSince(lastId: string | undefined): SentEvent[] | undefined {
    const [, of, number] = /^([0-9a-f]+)\.(\d{1,15})$/.exec(lastId ?? '') ?? []
    const missed = last - Number(number)
    return of === start && missed >= 0 && missed <= kept.length ? kept.slice(kept.length - missed) : undefined
  }

  return {
    tell(name, data) {
      last++
      const event = next(name, data)
      kept.push(event)
      if (kept.length > keptMax) kept.shift()
      for (const take of readers) take(event)
    },
    async *listen(lastId, signal) {
      const queue: SentEvent[] = []
      let wake: (() => void) | undefined
      // Ended by itself when it is too far behind.
      const behind = new AbortController()
      const take = (event: SentEvent): void => {
        if (queue.length >= behindMax) behind.abort()
        else queue.push(event)
        wake?.()
      }
      const woken = (): void => wake?.()
      readers.add(take)
      signal.addEventListener('abort', woken, { once: true })
      try {
        const missed = missedSince(lastId)
        if (missed) for (const event of missed) yield event
        else yield next('reset', await standing())
        while (!signal.aborted && !behind.signal.aborted) {
          const event = queue.shift()
          if (event) {
            yield event
            continue
          }
          const isWoken = await new Promise<boolean>((resolve) => {
            const timer = setTimeout(() => resolve(false), quietMs)
            wake = () => {
              clearTimeout(timer)
              resolve(true)
            }
          })
          wake = undefined
          if (!isWoken) yield 'quiet'
        }
      } finally {
        readers.delete(take)
        signal.removeEventListener('abort', woken)
      }
    },
    get listeners() {
      return readers.size
    },
  }
}
