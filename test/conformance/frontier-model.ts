import type { Claim, Deferral, Target, Visit } from '#schemas/frontier.ts'

interface Entry extends Target {
  state: 'waiting' | 'leased' | 'finished'
  readyAt: number
  expiresAt: number
  /** That failed since the last visit that was finished. */
  tries: number
  visitedAt: number | undefined
  version: number
  /** Of the claim that may still be finished. */
  token: string | undefined
}

/** What a claim must say. */
export interface ModelClaim {
  url: string
  label: string
  kind: Target['kind']
  priority: number
  depth: number
  attempt: number
  expiresAt: number
  version: number | undefined
}

/** A frontier so plain that it can be seen to be right: it looks at everything each time. */
export class FrontierModel {
  readonly entries = new Map<string, Entry>()
  readonly restsUntil = new Map<string, number>()
  readonly addressOf = new Map<string, string>()
  readonly addresses = new Map<string, { restsUntil: number; delayMs: number }>()

  add(target: Target, now: number): void {
    const known = this.entries.get(target.url)
    if (!known) {
      this.entries.set(target.url, { ...target, state: 'waiting', readyAt: 0, expiresAt: 0, tries: 0, visitedAt: undefined, version: 0, token: undefined })
      return
    }
    known.priority = Math.max(known.priority, target.priority)
    known.depth = Math.min(known.depth ?? 0, target.depth ?? 0)
    const changedAt = target.modifiedAt !== undefined && target.modifiedAt <= now ? target.modifiedAt : 0
    const rests = known.state !== 'leased' && known.tries === 0 && known.visitedAt !== undefined
    if (rests && (known.visitedAt ?? 0) < changedAt) Object.assign(known, { state: 'waiting', readyAt: 0 })
  }

  /** What a claim must give, in this order. */
  claim(limit: number, labels: readonly string[] | undefined, now: number, leaseMs: number): ModelClaim[] {
    this.#expire(now)
    const claims: ModelClaim[] = []
    while (claims.length < limit) {
      const [best] = this.#claimable(labels, now)
      if (!best) break
      Object.assign(best, { state: 'leased', expiresAt: now + leaseMs })
      const address = this.addresses.get(this.addressOf.get(hostOf(best.url)) ?? '')
      if (address) address.restsUntil = Math.max(address.restsUntil, now + address.delayMs)
      const { url, label, kind, priority, depth = 0, tries, expiresAt, version } = best
      claims.push({ url, label, kind, priority, depth, attempt: tries + 1, expiresAt, version: version === 0 ? undefined : version })
    }
    return claims
  }

  /** The claim that the frontier gave where it had to. */
  lent({ url, token }: Claim): void {
    const entry = this.entries.get(url)
    if (entry) entry.token = token
  }

  /** Whether the claim may still be finished. */
  isHeld({ url, token }: Claim): boolean {
    return this.entries.get(url)?.token === token
  }

  done({ url }: Claim, { outcome, revisitAt, hostDelayMs, address }: Visit, now: number): void {
    this.#expire(now)
    const entry = this.entries.get(url)
    if (!entry) return
    const state = revisitAt === undefined ? 'finished' : 'waiting'
    Object.assign(entry, { state, readyAt: revisitAt ?? 0, tries: 0, visitedAt: now, token: undefined })
    if (outcome === 'stored') entry.version++
    if (address !== undefined) {
      this.addressOf.set(hostOf(url), address)
      const restsUntil = Math.max(now + hostDelayMs, this.addresses.get(address)?.restsUntil ?? 0)
      this.addresses.set(address, { restsUntil, delayMs: hostDelayMs })
    }
    this.#rest(url, now + hostDelayMs)
  }

  defer({ url }: Claim, { until, isTry = false, holdHost, hostDelayMs = 0 }: Deferral, now: number): void {
    this.#expire(now)
    const entry = this.entries.get(url)
    if (!entry) return
    const tries = entry.tries + (isTry && entry.state === 'leased' ? 1 : 0)
    Object.assign(entry, { state: 'waiting', readyAt: until, tries, token: undefined })
    this.#rest(url, Math.max(holdHost ? until : now, now + hostDelayMs))
  }

  /** Pages of a label that are in a state. */
  count(label: string, state: Entry['state'], now: number): number {
    this.#expire(now)
    return [...this.entries.values()].filter((entry) => entry.kind === 'page' && entry.label === label && entry.state === state).length
  }

  /** When the next lease ends. */
  nextExpiry(now: number): number | undefined {
    const ends = [...this.entries.values()].filter(({ state, expiresAt }) => state === 'leased' && expiresAt > now).map(({ expiresAt }) => expiresAt)
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  nextReadyAt(labels: readonly string[] | undefined, now: number): number | undefined {
    this.#expire(now)
    const times = [...this.entries.values()]
      .filter((entry) => entry.state === 'waiting' && isWanted(entry, labels))
      .map((entry) => Math.max(now, entry.readyAt, this.#opensAt(entry.url)))
    return times.length === 0 ? undefined : Math.min(...times)
  }

  #claimable(labels: readonly string[] | undefined, now: number): Entry[] {
    return [...this.entries.values()]
      .filter((entry) => entry.state === 'waiting' && entry.readyAt <= now && isWanted(entry, labels) && this.#opensAt(entry.url) <= now)
      .toSorted((a, b) => b.priority - a.priority || Buffer.compare(Buffer.from(a.url), Buffer.from(b.url)))
  }

  #opensAt(url: string): number {
    const leased = [...this.entries.values()].filter((entry) => entry.state === 'leased' && hostOf(entry.url) === hostOf(url))
    const address = this.addresses.get(this.addressOf.get(hostOf(url)) ?? '')
    return Math.max(this.restsUntil.get(hostOf(url)) ?? 0, address?.restsUntil ?? 0, ...leased.map((entry) => entry.expiresAt))
  }

  #rest(url: string, until: number): void {
    this.restsUntil.set(hostOf(url), Math.max(until, this.restsUntil.get(hostOf(url)) ?? 0))
  }

  #expire(now: number): void {
    for (const entry of this.entries.values()) {
      if (entry.state === 'leased' && entry.expiresAt <= now) Object.assign(entry, { state: 'waiting', tries: entry.tries + 1 })
    }
  }
}

const hostOf = (url: string): string => new URL(url).host
const isWanted = (entry: Entry, labels: readonly string[] | undefined): boolean => !labels || entry.kind === 'sitemap' || labels.includes(entry.label)
