import type { Claim, Deferral, Target, Visit } from '#schemas/frontier.ts'

interface Entry extends Target {
  depth: number
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
  address: string | undefined
}

/** What is asked one thing at a time. */
interface Server {
  address: string | undefined
  restsUntil: number
  /** URL and end. */
  lease: { url: string; until: number } | undefined
  /** label → the number of the claim it had last, or of the last one when it came. */
  turns: Map<string, number>
}

interface Host {
  server: Server
  /** Beside its server. */
  restsUntil: number
  pagesSinceList: number
}

/** A frontier so plain that it can be seen to be right: it looks at everything each time. What it leaves open is who of equals is next. */
export class FrontierModel {
  readonly entries = new Map<string, Entry>()
  readonly #hosts = new Map<string, Host>()
  /** Those whose address is known, also where no host is any more, as long as they rest. */
  readonly #addresses = new Map<string, Server>()
  #claims = 0

  add(target: Target, now: number): void {
    const known = this.entries.get(target.url)
    if (!known) {
      const unvisited = { readyAt: 0, expiresAt: 0, tries: 0, visitedAt: undefined, version: 0, token: undefined }
      this.entries.set(target.url, { ...target, depth: target.depth ?? 0, state: 'waiting', ...unvisited })
      this.#hostOf(target.url)
      return
    }
    known.priority = Math.max(known.priority, target.priority)
    const isNearer = (target.depth ?? 0) < known.depth
    known.depth = Math.min(known.depth, target.depth ?? 0)
    if (isNearer && known.state === 'waiting' && known.tries === 0 && known.visitedAt === undefined) known.readyAt = 0
    const changedAt = target.modifiedAt !== undefined && target.modifiedAt <= now ? target.modifiedAt : 0
    const rests = known.state !== 'leased' && known.tries === 0 && known.visitedAt !== undefined
    if (rests && (known.visitedAt ?? 0) < changedAt) Object.assign(known, { state: 'waiting', readyAt: 0 })
  }

  /** Of which the next claim must be one. */
  choices(labels: readonly string[] | undefined, now: number): string[] {
    this.wake(now)
    const claimable = [...this.entries.values()].filter((entry) => this.#opensAt(entry) <= now && isWanted(entry, labels))
    const turnOf = ({ url, label }: Entry): number => this.#hostOf(url).server.turns.get(label) ?? 0
    const first = Math.min(...claimable.map(turnOf))
    const next = claimable.filter((entry) => turnOf(entry) === first)
    return next.filter((entry) => next.every((other) => !this.#isBefore(other, entry))).map(({ url }) => url)
  }

  /** Of one host and label. */
  #isBefore(a: Entry, b: Entry): boolean {
    if (hostOf(a.url) !== hostOf(b.url) || a.label !== b.label) return false
    if (isList(a) !== isList(b)) return isList(a) === this.#hostOf(a.url).pagesSinceList >= 4
    return a.depth - b.depth < 0 || (a.depth === b.depth && a.priority > b.priority)
  }

  claim(url: string, now: number, leaseMs: number): ModelClaim {
    const entry = this.entries.get(url) as Entry
    const host = this.#hostOf(url)
    const waits = (other: Entry) => isList(other) && other.label === entry.label && hostOf(other.url) === hostOf(url) && this.#opensAt(other) <= now
    if (isList(entry)) host.pagesSinceList = 0
    else if ([...this.entries.values()].some(waits)) host.pagesSinceList++
    Object.assign(entry, { state: 'leased', expiresAt: now + leaseMs })
    host.server.lease = { url, until: now + leaseMs }
    host.server.turns.set(entry.label, ++this.#claims)
    const { label, kind, priority, depth, tries, expiresAt, version } = entry
    const { address } = host.server
    return { url, label, kind, priority, depth, attempt: tries + 1, expiresAt, version: version === 0 ? undefined : version, address }
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

  /** undefined: its lease is over. */
  locate({ url }: Claim, address: string, now: number): boolean | undefined {
    this.wake(now)
    const entry = this.entries.get(url) as Entry
    const { server } = this.#hostOf(url)
    if (server.lease?.url !== url) return undefined
    if (server.address === address) return true
    const there = this.#addresses.get(address)
    const isFree = !there || opensAt(there) <= now
    const { lease } = server
    this.#move(url, address, now)
    if (isFree) this.#hostOf(url).server.lease = lease
    else Object.assign(entry, { state: 'waiting', readyAt: now, token: undefined })
    return isFree
  }

  done({ url }: Claim, { outcome, revisitAt, hostDelayMs, address }: Visit, now: number): void {
    this.wake(now)
    const entry = this.entries.get(url) as Entry
    const state = revisitAt === undefined ? 'finished' : 'waiting'
    Object.assign(entry, { state, readyAt: revisitAt ?? 0, tries: 0, visitedAt: now, token: undefined })
    if (outcome === 'stored') entry.version++
    this.#release(url, { hostUntil: now + hostDelayMs, serverUntil: now + hostDelayMs, address }, now)
  }

  defer({ url }: Claim, { until, isTry = false, holdHost, hostDelayMs = 0, address }: Deferral, now: number): void {
    this.wake(now)
    const entry = this.entries.get(url) as Entry
    const tries = entry.tries + (isTry && entry.state === 'leased' ? 1 : 0)
    Object.assign(entry, { state: 'waiting', readyAt: until, tries, token: undefined })
    const serverUntil = now + hostDelayMs
    this.#release(url, { hostUntil: Math.max(holdHost ? until : now, serverUntil), serverUntil, address }, now)
  }

  #release(url: string, { hostUntil, serverUntil, address }: { hostUntil: number; serverUntil: number; address: string | undefined }, now: number): void {
    const { server } = this.#hostOf(url)
    const isOver = server.lease === undefined || server.lease.url === url
    if (isOver && address !== undefined && address !== server.address) this.#move(url, address, now)
    else if (isOver) server.lease = undefined
    const host = this.#hostOf(url)
    for (const rested of new Set([host.server, address === undefined ? undefined : this.#addresses.get(address)])) {
      if (rested) rested.restsUntil = Math.max(rested.restsUntil, serverUntil)
    }
    if (hostUntil > Math.max(now, host.server.restsUntil)) host.restsUntil = Math.max(host.restsUntil, hostUntil)
  }

  #move(url: string, address: string, now: number): void {
    const host = this.#hostOf(url)
    const from = host.server
    if (from.lease === undefined && from.restsUntil > now) host.restsUntil = Math.max(host.restsUntil, from.restsUntil)
    from.lease = undefined
    const there = this.#addresses.get(address)
    if (!there && from.address === undefined) from.address = address
    else host.server = there ?? { ...newServer(), address }
    this.#addresses.set(address, host.server)
  }

  /** Pages of a label that are in a state. */
  count(label: string, state: Entry['state'], now: number): number {
    this.wake(now)
    return [...this.entries.values()].filter((entry) => entry.kind === 'page' && entry.label === label && entry.state === state).length
  }

  /** When the next lease ends. */
  nextExpiry(now: number): number | undefined {
    const ends = [...this.entries.values()].filter(({ state, expiresAt }) => state === 'leased' && expiresAt > now).map(({ expiresAt }) => expiresAt)
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  nextReadyAt(labels: readonly string[] | undefined, now: number): number | undefined {
    this.wake(now)
    const times = [...this.entries.values()]
      .filter((entry) => entry.state === 'waiting' && isWanted(entry, labels))
      .map((entry) => Math.max(now, this.#opensAt(entry)))
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** When an entry can be claimed. */
  #opensAt(entry: Entry): number {
    const { server, restsUntil } = this.#hostOf(entry.url)
    return entry.state === 'waiting' ? Math.max(entry.readyAt, restsUntil, opensAt(server)) : Infinity
  }

  #hostOf(url: string): Host {
    const name = hostOf(url)
    const known = this.#hosts.get(name) ?? { server: newServer(), restsUntil: 0, pagesSinceList: 4 }
    this.#hosts.set(name, known)
    return known
  }

  /** Leases end, and whoever has something that is ready is in line. */
  wake(now: number): void {
    for (const entry of this.entries.values()) {
      if (entry.state === 'leased' && entry.expiresAt <= now) Object.assign(entry, { state: 'waiting', tries: entry.tries + 1 })
      const { server, restsUntil } = this.#hostOf(entry.url)
      if (server.lease && server.lease.until <= now) server.lease = undefined
      const isInLine = entry.state === 'waiting' && entry.readyAt <= now && restsUntil <= now
      if (isInLine && !server.turns.has(entry.label)) server.turns.set(entry.label, this.#claims)
    }
    for (const [address, server] of this.#addresses) {
      const isEmpty = [...this.#hosts.values()].every((host) => host.server !== server)
      if (isEmpty && opensAt(server) <= now) this.#addresses.delete(address)
    }
  }
}

const newServer = (): Server => ({ address: undefined, restsUntil: 0, lease: undefined, turns: new Map() })
const opensAt = ({ lease, restsUntil }: Server): number => Math.max(lease?.until ?? 0, restsUntil)
const hostOf = (url: string): string => new URL(url).host
const isList = ({ kind }: Entry): boolean => kind !== 'page'
const isWanted = ({ label }: Entry, labels: readonly string[] | undefined): boolean => !labels || labels.includes(label)
