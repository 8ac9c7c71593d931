import { recentValues, textBytes } from '#infra/recent-values.ts'
import type { Clock } from '#schemas/clock.ts'
import type { HostTurns } from '#schemas/host-turns.ts'

/** Of a host, or of an address with all of its hosts. */
interface State {
  /** For whose sake it is lent, and until when (ms since epoch). */
  page: string
  leasedUntil: number
  restsUntil: number
}

/** Of the hosts, and as much of the addresses. */
const bytesMax = 4 * 2 ** 20
const idle: State = { page: '', leasedUntil: 0, restsUntil: 0 }

/** The turns of hosts for one process alone, forgotten with it; the host that was asked least lately is forgotten first. Who takes two for a page has one. */
export function memoryTurns(pace: Pick<Clock, 'now'>): HostTurns {
  /** By host, and by address. */
  const states = recentValues<string, State>({ bytesMax, bytesOf: ({ page }) => 64 + textBytes(page) })
  const addresses = recentValues<string, string>({ bytesMax, bytesOf: textBytes })
  /** What of a host is asked one thing at a time: itself, and its address once that is known. */
  const keysOf = (url: string, address?: string): string[] => {
    const { host } = new URL(url)
    if (address !== undefined) addresses.keep(host, address)
    const known = addresses.get(host)
    return known === undefined ? [host] : [host, `at ${known}`]
  }
  const stateOf = (key: string): State => states.get(key) ?? idle
  return {
    async takeTurn({ url, page, latest, leaseMs, address }) {
      const now = pace.now()
      const keys = keysOf(url, address)
      const lent = keys.map(stateOf).filter(({ leasedUntil }) => leasedUntil > now)
      if (lent.some((state) => state.page !== page)) return now
      const startsAt = keys.reduce((at, key) => Math.max(at, stateOf(key).restsUntil), now)
      if (startsAt > Math.max(latest, now)) return startsAt
      if (lent.length === 0) for (const key of keys) states.keep(key, { ...stateOf(key), page, leasedUntil: startsAt + leaseMs })
      return { url, page, startsAt, isWithin: lent.length > 0 }
    },
    async endTurn({ url, page, isWithin }, { hostDelayMs, until = 0, address }) {
      const now = pace.now()
      for (const key of new Set([...keysOf(url), ...keysOf(url, address)])) {
        const state = stateOf(key)
        const isOver = !isWithin && state.page === page
        const restsUntil = Math.max(state.restsUntil, now + hostDelayMs, key.startsWith('at ') ? 0 : until)
        states.keep(key, { page: state.page, restsUntil, leasedUntil: isOver ? 0 : state.leasedUntil })
      }
    },
  }
}
