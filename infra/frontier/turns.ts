import type { HostTurn, TurnEnd, TurnRequest } from '#schemas/host-turns.ts'
import { requireInteger, requireText } from '../sqlite/arguments.ts'
import { hostOf } from './arguments.ts'
import type { FrontierHosts } from './hosts.ts'

const textBytesMax = 1024
const pageBytesMax = 8192

export function checkTurnRequest({ url, page, latest, leaseMs }: TurnRequest): void {
  hostOf(url)
  requireText('turn.page', page, pageBytesMax)
  requireInteger('turn.latest', latest, 0)
  requireInteger('turn.leaseMs', leaseMs, 1)
}

export function checkTurnEnd({ hostDelayMs, until, address }: TurnEnd): void {
  requireInteger('turn.hostDelayMs', hostDelayMs, 0)
  if (until !== undefined) requireInteger('turn.until', until, 0)
  if (address !== undefined) requireText('turn.address', address, textBytesMax)
}

/** In the place of the URL a host is lent for. No target has such a URL, so the end of the lease makes none ready. */
const lentFor = (page: string): string => `turn ${page}`

export function takeTurn(hosts: FrontierHosts, { url, page, latest, leaseMs }: TurnRequest, now: number): HostTurn | number {
  hosts.wake(now)
  const host = hosts.idOf(hostOf(url))
  const state = hosts.stateOf(host)
  const { leasedUrl, restsUntil } = state
  const isWithin = leasedUrl === page
  if (leasedUrl !== null && !isWithin) return now
  const startsAt = Math.max(now, restsUntil)
  if (startsAt > latest) return startsAt
  if (isWithin) hosts.restAddressOf(host, startsAt)
  else hosts.lend(state, lentFor(page), startsAt + leaseMs, startsAt)
  return { url, page, startsAt, isWithin }
}

export function endTurn(
  hosts: FrontierHosts,
  { url, page, isWithin }: Pick<HostTurn, 'url' | 'page' | 'isWithin'>,
  { hostDelayMs, until = 0, address }: TurnEnd,
  now: number,
): void {
  const host = hosts.idOf(hostOf(url))
  const restsUntil = Math.max(until, now + hostDelayMs)
  if (!isWithin) return hosts.release(host, lentFor(page), { restsUntil, now, address, delayMs: hostDelayMs })
  if (address !== undefined) hosts.answeredFrom(host, address, now, hostDelayMs)
  hosts.rest(host, restsUntil)
}
