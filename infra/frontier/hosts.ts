import { recentValues } from '#infra/recent-values.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { HostTurn, TurnEnd, TurnRequest } from '#schemas/host-turns.ts'
import type { Database } from '../sqlite/database.ts'
import { hostOf } from './arguments.ts'
import type { Tallies, TargetClasses } from './labels.ts'
import type { FrontierLines, Next } from './lines.ts'
import type { Entry } from './queue.ts'
import { Fingerprinter } from './seen-set.ts'
import { FrontierServers, type Server } from './servers.ts'
import type { FrontierTargets, TargetRow } from './targets.ts'

/** What is lent next. */
export interface Best {
  next: Next
  entry: Entry
  /** A list waits as well. */
  isBeforeList: boolean
}

/** How a visit ended, for its host: ms since epoch. */
interface Release {
  /** The host rests, and is held, until then. */
  restsUntil: number
  /** All hosts of the address rest until then. */
  addressRestsUntil: number
  now: number
  address?: string | undefined
}

interface HostsParts {
  seed: readonly [number, number]
  targets: FrontierTargets
  classes: TargetClasses
  lines: FrontierLines
  tallies: Tallies
  restMaxMs: number
}

/** Of host names whose numbers are kept in memory. */
const idsBytesMax = 8_000_000
/** What one waking takes in of each kind, at most: some tens of ms of work, most of it pages of the file. What is left comes with the next. */
const dueMax = 500
/** Servers or hosts that are closed and read at once, in search of one for which something waits: most often the first is. */
const perLook = 100
/** A sitemap or feed has its turn after so many pages of its host, as long as pages wait. */
const pagesPerList = 4

/** Hosts, where they are (servers.ts), what is lent of them next, and what was lent of them. See schema.ts for the tables. */
export class FrontierHosts {
  readonly #db: Database
  readonly #targets: FrontierTargets
  readonly #classes: TargetClasses
  readonly #lines: FrontierLines
  readonly #servers: FrontierServers
  readonly #tallies: Tallies
  readonly #restMaxMs: number
  readonly #fingerprinter: Fingerprinter
  #ids = recentValues<string, number>({ bytesMax: idsBytesMax })
  /** As it was at the last waking, which comes before any lease in its transaction. */
  #longestLeaseMs = 0

  constructor(db: Database, parts: HostsParts) {
    this.#db = db
    this.#targets = parts.targets
    this.#classes = parts.classes
    this.#lines = parts.lines
    this.#tallies = parts.tallies
    this.#restMaxMs = parts.restMaxMs
    this.#fingerprinter = new Fingerprinter(parts.seed)
    this.#servers = new FrontierServers(db, parts)
  }

  /** The number of a host, which never changes; made when it is not there. */
  idOf(name: string): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    let row = this.#db.get<{ id: number }>('select id from hosts where host = ?', name)
    if (!row) {
      this.#fingerprinter.read(name)
      const insert = 'insert into hosts (host, tie, server) values (?, ?, ?) returning id'
      row = this.#db.get<{ id: number }>(insert, name, this.#fingerprinter.lo, this.#servers.make(null).id) as { id: number }
      this.#tallies.count('hosts', 1)
    }
    this.#ids.keep(name, row.id)
    return row.id
  }

  forget(): void {
    this.#ids = recentValues({ bytesMax: idsBytesMax })
  }

  /** New URLs of a host, or such as became due. */
  enqueue(host: number, entries: readonly Entry[]): void {
    for (const lane of this.#targets.enqueue(host, entries)) this.#lines.join(host, lane)
  }

  /** Into the queue, where it was not, or not so far ahead. */
  makeReady(row: TargetRow): void {
    this.#targets.makeReady(row)
    this.#lines.join(row.host, row.lane)
  }

  /** Brings to the present: expired leases return, rests end, deferred targets become ready; some hundred of each at a time, those that are due longest first. */
  wake(now: number): void {
    const times = this.#times()
    this.#longestLeaseMs = times.lease ?? 0
    this.#restrain(now, times)
    const isDue = (at: number | null) => at !== null && at <= now
    if (isDue(times.server)) {
      for (const server of this.#servers.due(now, dueMax)) {
        const leased = server.leased_url === null ? undefined : this.#targets.find(server.leased_url)
        this.#servers.free(server, now)
        if (leased?.state !== 'leased') continue
        this.#targets.expire(leased)
        this.#lines.join(leased.host, leased.lane)
      }
    }
    if (isDue(times.host)) this.#letGo(now)
    if (isDue(times.target)) for (const [host, entries] of this.#targets.ripen(now, dueMax)) this.enqueue(host, entries)
  }

  /** The next and the last times of each kind, and the longest lease ever asked for: asking costs less than waking nobody. */
  #times(): Times {
    const [server, host, target] = ['servers where opens_at is not null', 'hosts where opens_at is not null', `targets where state = 'later'`]
    const lent = 'select opens_at from servers where leased_url is not null order by opens_at desc limit 1'
    const [first, last] = ['limit 1', 'desc limit 1']
    return this.#db.get<Times>(
      `select (select opens_at from ${server} order by opens_at ${first}) as server, (select opens_at from ${server} order by opens_at ${last}) as serverLast,
         (select opens_at from ${host} order by opens_at ${first}) as host, (select opens_at from ${host} order by opens_at ${last}) as hostLast,
         (select ready_at from ${target} order by ready_at ${first}) as target, (select ready_at from ${target} order by ready_at ${last}) as targetLast,
         (${lent}) as lentLast, (select count from counters where name = 'longest_lease_ms') as lease`,
    ) as Times
  }

  /** A clock that was once ahead is not believed for ever: what is lent, rests or waits for longer than can be from now on does so no longer than can be. */
  #restrain(now: number, times: Times): void {
    const [restMost, leaseMost] = [now + this.#restMaxMs, now + this.#longestLeaseMs]
    if (isBeyond(times.serverLast, Math.max(restMost, leaseMost)) || isBeyond(times.lentLast, leaseMost)) this.#servers.restrain(restMost, leaseMost, dueMax)
    if (isBeyond(times.hostLast, restMost))
      this.#db.run('update hosts set opens_at = ?1 where id in (select id from hosts where opens_at > ?1 limit ?2)', restMost, dueMax)
    if (isBeyond(times.targetLast, this.#targets.waitMost(now, restMost))) this.#targets.restrain(now, restMost, dueMax)
  }

  /** The best of all that can be claimed now among the lanes. */
  best(lanes: readonly number[]): Best | undefined {
    for (let next = this.#lines.next(lanes); next; next = this.#lines.next(lanes)) {
      const found = this.#entryOf(next.host, next.lane)
      if (found) return { next, ...found }
      this.#lines.leave(next.host, next.lane)
    }
    return undefined
  }

  /** Pages and lists take turns, four to one; what does not wait has none. */
  #entryOf(host: number, lane: number): Pick<Best, 'entry' | 'isBeforeList'> | undefined {
    const list = this.#targets.queue.top({ host, lane, isList: true })
    const page = this.#targets.queue.top({ host, lane, isList: false })
    const isListNext = list !== undefined && (page === undefined || this.#pagesSinceList(host) >= pagesPerList)
    const entry = isListNext ? list : page
    return entry && { entry, isBeforeList: list !== undefined && !isListNext }
  }

  #pagesSinceList(host: number): number {
    return this.#db.get<{ pages: number }>('select pages_since_list as pages from hosts where id = ?', host)?.pages ?? 0
  }

  /** What `best` gave. */
  lend({ next, entry, isBeforeList }: Best, until: number, now: number): void {
    const isList = this.#classes.byId(entry.classId).isList
    if (isList || isBeforeList) this.#db.run('update hosts set pages_since_list = iif(?, 0, pages_since_list + 1) where id = ?', Number(isList), next.host)
    this.#lines.served(next)
    this.#lease(next, entry.url, until, now, true)
  }

  #lease(server: Server, url: string, until: number, now: number, isClosed = false): void {
    this.#servers.lend(server, url, until, isClosed)
    if (until - now <= this.#longestLeaseMs) return
    this.#longestLeaseMs = until - now
    this.#db.run(`insert into counters values ('longest_lease_ms', ?) on conflict do update set count = excluded.count`, until - now)
  }

  /** The host of a claim is at that address, which is lent with it from now on. False when it cannot be: then the claim's lease is over. */
  locate({ host, url }: TargetRow, address: string, now: number): boolean {
    const server = this.#servers.of(host)
    if (server.leased_url !== url || server.opens_at === null) throw leaseOver(url)
    if (server.address === address) return true
    const there = this.#servers.at(address)
    if (!there && server.address === null) return (this.#servers.name(server, address), true)
    const isFree = !there || there.opens_at === null
    const until = server.opens_at
    const found = this.#move(host, server, address, now)
    this.#joinAll(host)
    if (isFree) this.#servers.lend(found, url, until)
    return isFree
  }

  /** The host for something that is no claim (host-turns.ts). */
  takeTurn({ url, page, latest, leaseMs, address }: TurnRequest, now: number): HostTurn | number {
    this.wake(now)
    const host = this.idOf(hostOf(url))
    let server = this.#servers.of(host)
    if (address !== undefined && address !== server.address && server.leased_url === null) {
      server = this.#move(host, server, address, now)
      this.#joinAll(host)
    }
    const isWithin = server.leased_url === page
    const isTaken = isWithin ? server.within_until !== null && server.within_until > now : server.leased_url !== null
    if (isTaken) return now
    const startsAt = Math.max(now, this.#servers.possible(Math.max(server.rests_until, this.#heldUntil(host) ?? 0), now))
    if (startsAt > Math.max(latest, now)) return startsAt
    if (isWithin) this.#servers.within(server, startsAt + leaseMs)
    else this.#lease(server, lentFor(host, page), startsAt + leaseMs, now)
    return { url, page, startsAt, isWithin }
  }

  endTurn({ url, page, isWithin }: Pick<HostTurn, 'url' | 'page' | 'isWithin'>, { hostDelayMs, until = 0, address }: TurnEnd, now: number): void {
    const host = this.idOf(hostOf(url))
    const end = { restsUntil: Math.max(until, now + hostDelayMs), addressRestsUntil: now + hostDelayMs, now, address }
    const server = this.#servers.of(host)
    if (!isWithin || server.leased_url !== page) return this.release(host, lentFor(host, page), end)
    // The lease goes on; the rest counts from its end, or for the next turn within it.
    server.within_until = null
    this.#leaveRests(host, server, end)
  }

  /** Ends the lease for that URL, if there is one; its host and the address that answered rest. */
  release(host: number, url: string, end: Release): void {
    const server = this.#servers.of(host)
    const { address, now } = end
    const isOver = server.leased_url === null || server.leased_url === url
    // After an expiry the server may be lent for something else: a late answer does not end that lease, but the rest it asks for counts.
    if (!isOver) return this.#leaveRests(host, server, end)
    if (address === undefined || address === server.address) {
      server.leased_url = null
      return this.#leaveRests(host, server, end)
    }
    this.#leaveRests(host, this.#move(host, server, address, now), end)
    this.#joinAll(host)
  }

  #leaveRests(host: number, server: Server, { restsUntil, addressRestsUntil, address, now }: Release): void {
    this.#servers.strain(server, addressRestsUntil, now)
    const other = address === undefined || address === server.address ? undefined : this.#servers.at(address)
    if (other) this.#servers.strain(other, addressRestsUntil, now)
    if (restsUntil > Math.max(now, server.rests_until)) this.#hold(host, restsUntil, now)
  }

  /** The host is at another address than was thought; what its server is lent for, if anything, is over. It is in no line there yet (`joinAll`). */
  #move(host: number, from: Server, address: string, now: number): Server {
    const there = this.#servers.at(address)
    const wasLent = from.leased_url !== null
    if (!there && from.address === null) {
      this.#servers.name(from, address)
      if (wasLent) this.#servers.free(from, now)
      return from
    }
    const server = there ?? this.#servers.make(address)
    this.#lines.leave(host)
    this.#db.run('update hosts set server = ? where id = ?', server.id, host)
    if (!wasLent && from.rests_until > now) this.#hold(host, from.rests_until, now)
    this.#servers.leave(from, now)
    return server
  }

  #joinAll(host: number): void {
    for (const lane of this.#targets.queue.lanes(host)) if (this.#entryOf(host, lane)) this.#lines.join(host, lane)
  }

  #hold(host: number, until: number, now: number): void {
    const before = this.#heldUntil(host)
    const opensAt = Math.max(before ?? 0, this.#servers.possible(until, now))
    this.#db.run('update hosts set opens_at = ? where id = ?', opensAt, host)
    if (before !== null) return
    this.#tallies.count('hosts_closed', 1)
    this.#lines.leave(host)
  }

  #heldUntil(host: number): number | null {
    return this.#db.get<{ opens_at: number | null }>('select opens_at from hosts where id = ?', host)?.opens_at ?? null
  }

  #letGo(now: number): void {
    for (const { id } of this.#db.all<{ id: number }>('select id from hosts where opens_at <= ? order by opens_at limit ?', now, dueMax)) {
      this.#db.run('update hosts set opens_at = null where id = ?', id)
      this.#tallies.count('hosts_closed', -1)
      this.#joinAll(id)
    }
  }

  nextReadyAt(lanes: readonly number[], now: number): number | undefined {
    if (this.best(lanes)) return now
    let next = this.#nextOpening(lanes)
    next = this.#nextLetGo(lanes, next)
    for (const lane of lanes) next = this.#nextRipe(lane, next, now)
    return next === Infinity ? undefined : Math.max(now, next)
  }

  /** When the first server opens at which somebody waits. */
  #nextOpening(lanes: readonly number[]): number {
    let next = Infinity
    for (const { id, opens_at, rests_until } of this.#servers.closed(perLook)) {
      if (opens_at >= next) break
      const at = Math.max(opens_at, rests_until)
      if (at < next && lanes.some((lane) => this.#waits(id, lane))) next = at
    }
    return next
  }

  #waits(server: number, lane: number): boolean {
    for (let host = this.#lines.first(server, lane); host !== undefined; host = this.#lines.first(server, lane)) {
      if (this.#entryOf(host, lane)) return true
      this.#lines.leave(host, lane)
    }
    return false
  }

  /** When the first host that is held comes free, if something of it waits and that is sooner than `before`. */
  #nextLetGo(lanes: readonly number[], before: number): number {
    let next = before
    for (let last = { id: 0, opens_at: -1 }, isOver = false; !isOver;) {
      const held = this.#db.all<{ id: number; opens_at: number; at: number }>(
        `select h.id, h.opens_at, max(h.opens_at, coalesce(s.opens_at, 0), s.rests_until) as at from hosts h join servers s on s.id = h.server
         where h.opens_at is not null and (h.opens_at, h.id) > (?, ?) order by h.opens_at, h.id limit ?`,
        last.opens_at,
        last.id,
        perLook,
      )
      for (const { id, opens_at, at } of held) {
        if (opens_at >= next) return next
        if (at < next && lanes.some((lane) => this.#entryOf(id, lane))) next = at
      }
      last = held.at(-1) ?? last
      isOver = held.length < perLook
    }
    return next
  }

  /**
   * When the first target is due and its host can be asked, if that is sooner than `before`. Where so many are due before any of their hosts can be asked that
   * none was found among those looked at, it is worth looking again when these are due.
   */
  #nextRipe(lane: number, before: number, now: number): number {
    let [next, last] = [before, Infinity]
    for (const limit of [1, dueMax]) {
      const found = this.#db.all<{ due: number; at: number }>(
        `select t.ready_at as due, max(t.ready_at, coalesce(h.opens_at, 0), coalesce(s.opens_at, 0), s.rests_until) as at
         from targets t join hosts h on h.id = t.host join servers s on s.id = h.server where t.lane = ? and t.state = 'later' order by t.ready_at limit ?`,
        lane,
        limit,
      )
      for (const { due, at } of found) {
        if (due >= next || due <= now) return Math.min(next, due)
        next = Math.min(next, at)
      }
      last = found.at(-1)?.due ?? Infinity
      if (found.length < limit || last >= next) return next
    }
    return Math.min(next, last)
  }
}

/** Null where there is none. */
interface Times {
  server: number | null
  serverLast: number | null
  host: number | null
  hostLast: number | null
  target: number | null
  targetLast: number | null
  lentLast: number | null
  lease: number | null
}

const isBeyond = (at: number | null, most: number): boolean => at !== null && at > most

const leaseOver = (url: string): OrreryError =>
  new OrreryError('lease_lost', `The claim of ${url} is over: its lease ran out; drop what was made of it.`, { url })

/** In the place of the URL a server is lent for. No target has such a URL, so the end of the lease makes none ready. */
const lentFor = (host: number, page: string): string => `turn ${host} ${page}`
