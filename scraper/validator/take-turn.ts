import type { Clock } from '#schemas/clock.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

type Reading = Pick<ObjectStore, 'get' | 'head'>

/** What a request counts for beside its bytes: about as long as so many take. */
const requestBytes = 8 << 10

/** A claim's turn is over: it goes on in its next one, where it stopped. */
export class TurnOver extends Error {}

/** What is read of one miner's claim before others have their turn, bounded in bytes and time. */
export class TakeTurn {
  readonly #pace: Pick<Clock, 'now'>
  readonly #until: number
  #left: number

  /** @param until of the pace, ms */
  constructor({ bytes, until, pace }: { bytes: number; until: number; pace: Pick<Clock, 'now'> }) {
    this.#left = bytes
    this.#until = until
    this.#pace = pace
  }

  /** @throws TurnOver when nothing more is to be begun in it */
  goOn(): void {
    if (this.#left <= 0 || this.#pace.now() >= this.#until) throw new TurnOver('its turn is over')
  }

  /** The store, with what is read of it counted. What was begun is read to its end. */
  counting({ get, head }: Reading): Reading {
    return {
      get: async (...asked) => {
        const bytes = await get(...asked)
        this.#left -= bytes.length + requestBytes
        return bytes
      },
      head: async (key) => {
        this.#left -= requestBytes
        return await head(key)
      },
    }
  }

  /** The same, and nothing is begun when the turn is over. */
  stopping(store: Reading): Reading {
    const { get, head } = this.counting(store)
    const first = <T>(read: () => Promise<T>): Promise<T> => {
      this.goOn()
      return read()
    }
    return { get: async (...asked) => first(() => get(...asked)), head: async (key) => first(() => head(key)) }
  }
}

/**
 * Who had a turn last has the next one last, also in the next cycle, so that nobody is passed over for good. In memory: after a restart all are alike.
 */
export class TurnOrder {
  readonly #last = new Map<string, number>()
  #turns = 0

  /** Who waited longest first; those that never had one before, in the order given. */
  sort<T extends { hotkey: string }>(waiting: readonly T[]): T[] {
    return waiting.toSorted((a, b) => (this.#last.get(a.hotkey) ?? 0) - (this.#last.get(b.hotkey) ?? 0))
  }

  had(hotkey: string): void {
    this.#last.set(hotkey, ++this.#turns)
  }

  /** Forgets all but these. */
  keep(hotkeys: ReadonlySet<string>): void {
    for (const hotkey of this.#last.keys()) if (!hotkeys.has(hotkey)) this.#last.delete(hotkey)
  }
}
