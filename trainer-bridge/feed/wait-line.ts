/** `called`: there may be something now. `late`: the time is over. `over`: the asker has gone, or the line ends. */
export type Waited = 'called' | 'late' | 'over'

interface Waiter {
  place: number
  go(why: Waited): void
}

/** Requests that wait for something to lease. Each costs one timer and an entry; whoever is called tries once, and waits on when it got nothing. */
export interface WaitLine {
  /**
   * @param place in the order of the ledger: who has a lower one is called first
   */
  wait(place: number, ms: number, signal: AbortSignal): Promise<Waited>
  /** So many may find something. What is called within one turn is called together, and goes a few at a time: whoever comes meanwhile waits for few of them. */
  call(count: number): void
  readonly length: number
  /** Ends all waiting. */
  close(): void
}

/** Of those that are called so many go in one turn of the event loop. */
const atOnce = 64

export function waitLine(): WaitLine {
  const waiters = new Set<Waiter>()
  let called = 0
  /** Those that were called and have not gone yet, the next at the end. */
  let going: Waiter[] = []
  let isClosed = false

  function callThem(): void {
    if (going.length === 0) {
      const inOrder = [...waiters].toSorted((a, b) => b.place - a.place)
      going = called >= inOrder.length ? inOrder : inOrder.slice(inOrder.length - called)
      called = 0
    }
    for (const waiter of going.splice(-atOnce).toReversed()) waiter.go('called')
    if (going.length > 0 || called > 0) setImmediate(callThem)
  }

  return {
    wait(place, ms, signal) {
      if (isClosed || signal.aborted) return Promise.resolve('over')
      return new Promise((resolve) => {
        const end = (): void => waiter.go('over')
        const timer = setTimeout(() => waiter.go('late'), ms)
        const waiter: Waiter = {
          place,
          go(why) {
            if (!waiters.delete(waiter)) return
            clearTimeout(timer)
            signal.removeEventListener('abort', end)
            resolve(why)
          },
        }
        waiters.add(waiter)
        signal.addEventListener('abort', end, { once: true })
      })
    },
    call(count) {
      if (waiters.size === 0 || count <= 0) return
      if (called === 0 && going.length === 0) setImmediate(callThem)
      called += count
    },
    get length() {
      return waiters.size
    },
    close() {
      isClosed = true
      for (const waiter of waiters) waiter.go('over')
    },
  }
}
