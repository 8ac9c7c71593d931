import type { Clock } from '#schemas/clock.ts'
import type { HostTurns } from '#schemas/host-turns.ts'

interface HostState {
  /** For whose sake it is lent, and until when (ms since epoch). */
  page: string
  leasedUntil: number
  restsUntil: number
  address: string | undefined
}

const hostsMax = 10_000

/** The turns of hosts for one process alone, forgotten with it; the host that was asked least lately is forgotten first. Who takes two for a page has one. */
export function memoryTurns(pace: Pick<Clock, 'now'>): HostTurns {
  const hosts = new Map<string, HostState>()
  const addresses = new Map<string, { restsUntil: number; delayMs: number }>()
  const stateOf = (url: string): HostState => {
    const { host } = new URL(url)
    const state = hosts.get(host) ?? { page: '', leasedUntil: 0, restsUntil: 0, address: undefined }
    hosts.delete(host)
    hosts.set(host, state)
    if (hosts.size > hostsMax) hosts.delete(hosts.keys().next().value ?? host)
    return state
  }
  return {
    async takeTurn({ url, page, latest, leaseMs }) {
      const now = pace.now()
      const state = stateOf(url)
      const isLent = state.leasedUntil > now
      if (isLent && state.page !== page) return now
      const at = state.address === undefined ? undefined : addresses.get(state.address)
      const startsAt = Math.max(now, state.restsUntil, at?.restsUntil ?? 0)
      if (startsAt > latest) return startsAt
      if (at) at.restsUntil = startsAt + at.delayMs
      if (!isLent) Object.assign(state, { page, leasedUntil: startsAt + leaseMs })
      return { url, page, startsAt, isWithin: isLent }
    },
    async endTurn({ url, page, isWithin }, { hostDelayMs, until = 0, address }) {
      const now = pace.now()
      const state = stateOf(url)
      state.restsUntil = Math.max(state.restsUntil, until, now + hostDelayMs)
      if (!isWithin && state.page === page) state.leasedUntil = 0
      if (address === undefined) return
      state.address = address
      const restsUntil = Math.max(addresses.get(address)?.restsUntil ?? 0, now + hostDelayMs)
      addresses.delete(address)
      addresses.set(address, { restsUntil, delayMs: hostDelayMs })
      if (addresses.size > hostsMax) addresses.delete(addresses.keys().next().value ?? address)
    },
  }
}
