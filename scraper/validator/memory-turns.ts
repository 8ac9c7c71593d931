import { recentValues, textBytes } from '#infra/recent-values.ts'
import type { Clock } from '#schemas/clock.ts'
import type { HostTurns } from '#schemas/host-turns.ts'

interface HostState {
  /** For whose sake it is lent, and until when (ms since epoch). */
  page: string
  leasedUntil: number
  restsUntil: number
  address: string | undefined
}

/** Of the hosts, and as much of the addresses. */
const bytesMax = 4 * 2 ** 20
const addressBytes = 64

/** The turns of hosts for one process alone, forgotten with it; the host that was asked least lately is forgotten first. Who takes two for a page has one. */
export function memoryTurns(pace: Pick<Clock, 'now'>): HostTurns {
  const hosts = recentValues<string, HostState>({ bytesMax, bytesOf: stateBytes })
  const addresses = recentValues<string, { restsUntil: number; delayMs: number }>({ bytesMax, bytesOf: () => addressBytes })
  const stateOf = (url: string): HostState => hosts.get(new URL(url).host) ?? { page: '', leasedUntil: 0, restsUntil: 0, address: undefined }
  const keep = (url: string, state: HostState): void => hosts.keep(new URL(url).host, state)
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
      if (!isLent) keep(url, { ...state, page, leasedUntil: startsAt + leaseMs })
      return { url, page, startsAt, isWithin: isLent }
    },
    async endTurn({ url, page, isWithin }, { hostDelayMs, until = 0, address }) {
      const now = pace.now()
      const state = stateOf(url)
      keep(url, {
        ...state,
        restsUntil: Math.max(state.restsUntil, until, now + hostDelayMs),
        leasedUntil: !isWithin && state.page === page ? 0 : state.leasedUntil,
        address: address ?? state.address,
      })
      if (address === undefined) return
      const restsUntil = Math.max(addresses.get(address)?.restsUntil ?? 0, now + hostDelayMs)
      addresses.keep(address, { restsUntil, delayMs: hostDelayMs })
    },
  }
}

const stateBytes = ({ page, address = '' }: HostState): number => 64 + textBytes(page) + textBytes(address)
