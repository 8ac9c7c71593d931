import { recentValues } from '#infra/recent-values.ts'
import type { HostTurn, TurnEnd, TurnRequest } from '#schemas/host-turns.ts'
import type { Database } from '../sqlite/database.ts'
import { hostOf } from './arguments.ts'
import { FrontierHeads } from './heads.ts'
import type { Tallies } from './labels.ts'
import type { Entry } from './queue.ts'
import type { FrontierTargets } from './targets.ts'

interface HostRow {
  id: number
  is_open: 0 | 1
  opens_at: number
  rests_until: number
  leased_url: string | null
  leased_until: number | null
  /** The last one that answered; null as long as none is known. */
  address: string | null
}

/** What is to be known of a host that is about to be lent. */
type Lendable = Pick<HostRow, 'id' | 'is_open' | 'address'>

/** A lease: ms since epoch. It may begin later than now, when the host's rest is over. */
interface Lease {
  startsAt: number
  until: number
  now: number
}

/** How a visit ended, for its host: ms since epoch, but `delayMs`. */
interface Release {
  restsUntil: number
  now: number
  address?: string | undefined
  delayMs?: number | undefined
}

/** Of host names whose numbers are kept in memory. */
const idsBytesMax = 8_000_000
/** What one waking takes in of each kind, at most: some tens of ms of work, most of it pages of the file. What is left comes with the next. */
const dueMax = 500
/** Closed hosts that are read at once, in search of one for which something waits: most often the first is. */
const hostsPerLook = 100

/** One request at a time per host, and the rests of hosts and addresses: which hosts are free, and the best target of each. See schema.ts for the tables. */
export class FrontierHosts {
  readonly #db: Database
  readonly #targets: FrontierTargets
  readonly #tallies: Tallies
  readonly #restMaxMs: number
  readonly #heads: FrontierHeads
  #ids = recentValues<string, number>({ bytesMax: idsBytesMax })
  /** As it was at the last waking, which comes before any lease in its transaction. */
  #longestLeaseMs = 0

  constructor(db: Database, { targets, tallies, restMaxMs }: { targets: FrontierTargets; tallies: Tallies; restMaxMs: number }) {
    this.#db = db
    this.#targets = targets
    this.#tallies = tallies
    this.#restMaxMs = restMaxMs
    this.#heads = new FrontierHeads(db)
  }

  /** The number of a host, which never changes; made when it is not there. */
  idOf(name: string): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    let row = this.#db.get<{ id: number }>('select id from hosts where host = ?', name)
    if (!row) {
      row = this.#db.get<{ id: number }>('insert into hosts (host) values (?) returning id', name) as { id: number }
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
    for (const [lane, best] of this.#targets.enqueue(host, entries)) this.offer(host, lane, best)
  }

  /** An entry that was put into the queue. */
  offer(host: number, lane: number, entry: Entry): void {
    this.#heads.offer(host, lane, entry)
  }

  /** Brings to the present: expired leases return, rests end, deferred targets become ready; some hundred of each at a time, those that are due longest first. */
  wake(now: number): void {
    this.#restrain(now)
    for (const row of this.#due(now)) {
      const leased = row.leased_url === null ? undefined : this.#targets.find(row.leased_url)
      if (leased?.state === 'leased') this.#targets.expire(leased)
      this.#openOrRest(row, row.rests_until, now)
    }
    this.#db.run('delete from addresses where address in (select address from addresses where delay_ms = 0 and rests_until <= ? limit ?)', now, dueMax)
    for (const [host, entries] of this.#targets.ripen(now, dueMax)) this.enqueue(host, entries)
  }

  #due(now: number): HostRow[] {
    return this.#db.all<HostRow>(
      `select * from hosts where id in (
         select id from (select id from hosts where is_open = 0 and opens_at <= ? order by opens_at limit ?)
         union select id from (select id from hosts where leased_until <= ? order by leased_until limit ?)
       ) order by id`,
      now,
      dueMax,
      now,
      dueMax,
    )
  }

  /** A clock that was once ahead is not believed for ever: what is lent, rests or waits for longer than can be from now on does so no longer than can be. */
  #restrain(now: number): void {
    const restMost = now + this.#restMaxMs
    const leaseMost = now + (this.#longestLeaseMs = this.#longestLease())
    if (!this.#isBeyond(restMost, leaseMost, this.#targets.waitMost(now, restMost))) return
    this.#db.run(
      `update hosts set rests_until = min(rests_until, ?1), leased_until = min(leased_until, ?2),
         opens_at = iif(leased_until is null, min(opens_at, ?1), max(min(leased_until, ?2), min(rests_until, ?1)))
       where id in (
         select id from (select id from hosts where is_open = 0 and opens_at > max(?1, ?2) limit ?3)
         union select id from (select id from hosts where leased_until > ?2 limit ?3)
       )`,
      restMost,
      leaseMost,
      dueMax,
    )
    this.#db.run('update addresses set rests_until = ?1 where address in (select address from addresses where rests_until > ?1 limit ?2)', restMost, dueMax)
    this.#targets.restrain(now, restMost, dueMax)
  }

  /** Hardly ever: asking costs less than writing nothing. */
  #isBeyond(restMost: number, leaseMost: number, waitMost: number): boolean {
    const found = this.#db.get<{ beyond: 0 | 1 }>(
      `select exists (select 1 from hosts where is_open = 0 and opens_at > max(?1, ?2)) or exists (select 1 from hosts where leased_until > ?2)
         or exists (select 1 from addresses where rests_until > ?1) or exists (select 1 from targets where state = 'later' and ready_at > ?3) as beyond`,
      restMost,
      leaseMost,
      waitMost,
    )
    return found?.beyond === 1
  }

  /** Ever asked of the frontier. */
  #longestLease(): number {
    return this.#db.get<{ count: number }>(`select count from counters where name = 'longest_lease_ms'`)?.count ?? 0
  }

  /** The best of all that can be claimed now among the lanes (all when undefined): the highest priority, then the smallest URL. */
  best(lanes: readonly number[] | undefined, now: number): { host: Lendable; entry: Entry } | undefined {
    for (let head = this.#heads.first(lanes); head; head = this.#heads.first(lanes)) {
      const { host, lane, rank, url, address, address_until } = head
      if (address_until !== null && address_until > now) {
        this.#rest(this.#row(host), address_until)
        continue
      }
      const entry = this.#targets.queue.top(host, lane)
      if (entry?.url === url && 0 - entry.priority === rank) return { host: { id: host, is_open: 1, address }, entry }
      this.#heads.renew(head, entry)
    }
    return undefined
  }

  lend({ id, is_open, address }: Lendable, url: string, { startsAt, until, now }: Lease): void {
    this.#db.run('update hosts set leased_url = ?, leased_until = ?, is_open = 0, opens_at = ? where id = ?', url, until, until, id)
    if (is_open === 1) this.#closed(id)
    if (address !== null) this.#restAddress(address, startsAt)
    if (until - now > this.#longestLeaseMs) {
      this.#longestLeaseMs = until - now
      this.#db.run(`insert into counters values ('longest_lease_ms', ?) on conflict do update set count = excluded.count`, until - now)
    }
  }

  /** The host, which is lent, is at that address. False when another of its hosts is lent, or it rests. */
  locate(host: number, address: string, now: number): boolean {
    const row = this.#row(host)
    const lent = this.#db.get('select 1 from hosts where address = ? and id <> ? and leased_until > ?', address, host, now)
    if (row.address !== null && row.address !== address) this.#leaveAddress(row.address, host)
    this.#db.run('update hosts set address = ? where id = ?', address, host)
    return lent === undefined && this.#addressRest({ ...row, address }) <= now
  }

  /** The host for something that is no claim (host-turns.ts). */
  takeTurn({ url, page, latest, leaseMs }: TurnRequest, now: number): HostTurn | number {
    this.wake(now)
    const host = this.#row(this.idOf(hostOf(url)))
    const isWithin = host.leased_url === page
    if (host.leased_url !== null && !isWithin) return now
    const startsAt = Math.max(now, this.#possible(Math.max(host.rests_until, this.#addressRest(host)), now))
    if (startsAt > latest) return startsAt
    if (!isWithin) this.lend(host, lentFor(page), { startsAt, until: startsAt + leaseMs, now })
    else if (host.address !== null) this.#restAddress(host.address, startsAt)
    return { url, page, startsAt, isWithin }
  }

  endTurn({ url, page, isWithin }: Pick<HostTurn, 'url' | 'page' | 'isWithin'>, { hostDelayMs, until = 0, address }: TurnEnd, now: number): void {
    const host = this.idOf(hostOf(url))
    const end = { restsUntil: Math.max(until, now + hostDelayMs), now, address, delayMs: hostDelayMs }
    if (!isWithin) return this.release(host, lentFor(page), end)
    // The lease goes on; the rest counts from its end, or for the next turn within it.
    const row = this.#row(host)
    this.#write(this.#after(row, end), row)
  }

  /** Ends the lease of that URL, if the host is lent for it; the host rests until `restsUntil`, and the address that answered, if one did, for `delayMs`. */
  release(host: number, url: string, end: Release): void {
    const row = this.#after(this.#row(host), end)
    if (row.leased_url === null || row.leased_url === url) return this.#openOrRest(row, row.rests_until, end.now)
    // After an expiry the host may be lent for another URL: a late answer does not end that lease, but the rest it asks for counts.
    this.#write(row, { is_open: 0, opens_at: Math.max(row.leased_until ?? 0, row.rests_until) })
  }

  /** What is known of a host once a visit of it has ended. */
  #after(before: HostRow, { restsUntil, now, address, delayMs }: Release): HostRow {
    const row = { ...before, rests_until: this.#possible(Math.max(before.rests_until, restsUntil), now) }
    if (address === undefined) return row
    if (before.address !== null && before.address !== address) this.#leaveAddress(before.address, before.id)
    this.#db.run(
      `insert into addresses values (?, ?, ?) on conflict do update set
       rests_until = max(rests_until, excluded.rests_until), delay_ms = coalesce(?, delay_ms)`,
      address,
      delayMs === undefined ? 0 : now + delayMs,
      delayMs ?? 0,
      delayMs ?? null,
    )
    return { ...row, address }
  }

  nextReadyAt(lanes: readonly number[], now: number): number | undefined {
    if (this.best(lanes, now)) return now
    const times = [this.#nextOpening(lanes, now), ...lanes.map((lane) => this.#nextRipe(lane, now))]
    const next = times.reduce((least: number, at) => Math.min(least, at ?? Infinity), Infinity)
    return next === Infinity ? undefined : Math.max(now, next)
  }

  /** When the first host comes free for which a target waits; of the open ones, those whose address rests. */
  #nextOpening(lanes: readonly number[], now: number): number | undefined {
    let next: number | undefined
    for (const { id, opens_at, at } of this.#hindered(now)) {
      if (next !== undefined && opens_at >= next) break
      if ((next === undefined || at < next) && this.#hasWaiting(id, lanes, at)) next = at
    }
    return next
  }

  /** Hosts that cannot be asked now, in the order in which they would come free but for their addresses; `at` is when they do. */
  *#hindered(now: number): Generator<{ id: number; opens_at: number; at: number }> {
    yield* this.#db.all<{ id: number; opens_at: number; at: number }>(
      `select h.id, 0 as opens_at, a.rests_until as at from addresses a join hosts h on h.address = a.address
       where a.rests_until > ? and h.is_open = 1 order by a.rests_until`,
      now,
    )
    for (let last = { id: 0, opens_at: -1 }, isOver = false; !isOver;) {
      const closed = this.#db.all<{ id: number; opens_at: number; at: number }>(
        `select h.id, h.opens_at, max(h.opens_at, coalesce(a.rests_until, 0)) as at from hosts h left join addresses a on a.address = h.address
         where h.is_open = 0 and (h.opens_at, h.id) > (?, ?) order by h.opens_at, h.id limit ?`,
        last.opens_at,
        last.id,
        hostsPerLook,
      )
      yield* closed
      last = closed.at(-1) ?? last
      isOver = closed.length < hostsPerLook
    }
  }

  #hasWaiting(host: number, lanes: readonly number[], at: number): boolean {
    return lanes.some((lane) => this.#targets.queue.top(host, lane) !== undefined || this.#targets.isDue(host, lane, at))
  }

  /**
   * When the first target is due for which its host and its address wait. Those whose host opens later `#nextOpening` finds; when they are so many that no
   * other was found among those looked at, it is worth looking again when these are due.
   */
  #nextRipe(lane: number, now: number): number | undefined {
    const due = "select ready_at as at, host from targets where lane = ? and state = 'later' order by ready_at limit ?"
    const first = this.#db.get<{ at: number }>(due, lane, 1)
    if (!first || first.at <= now) return first?.at
    const ripe = this.#db.get<{ at: number }>(
      `select t.at from (${due}) t cross join hosts h on h.id = t.host left join addresses a on a.address = h.address
       where t.at > max(h.opens_at, coalesce(a.rests_until, 0)) limit 1`,
      lane,
      dueMax,
    )
    return (ripe ?? this.#db.get<{ at: number }>(`${due} offset ?`, lane, 1, dueMax - 1))?.at
  }

  /** No rest is longer. */
  #possible(restsUntil: number, now: number): number {
    return Math.min(restsUntil, now + this.#restMaxMs)
  }

  #addressRest({ address }: HostRow): number {
    if (address === null) return 0
    return this.#db.get<{ rests_until: number }>('select rests_until from addresses where address = ?', address)?.rests_until ?? 0
  }

  /** Two hosts at one address are not asked at once either: the second waits as long as the last visit there asked for. */
  #restAddress(address: string, at: number): void {
    this.#db.run('update addresses set rests_until = max(rests_until, ? + delay_ms) where address = ?', at, address)
  }

  /** What nobody is at has no delay, and is forgotten when its rest is over (`wake`). */
  #leaveAddress(address: string, host: number): void {
    this.#db.run('update addresses set delay_ms = 0 where address = ?1 and not exists (select 1 from hosts where address = ?1 and id <> ?2)', address, host)
  }

  #row(id: number): HostRow {
    return this.#db.get<HostRow>('select * from hosts where id = ?', id) as HostRow
  }

  #openOrRest(row: HostRow, restsUntil: number, now: number): void {
    if (restsUntil <= now) this.#open(row)
    else this.#rest(row, this.#possible(restsUntil, now))
  }

  #rest(row: HostRow, until: number): void {
    this.#write({ ...row, leased_url: null, leased_until: null }, { is_open: 0, opens_at: until })
    if (row.is_open === 1) this.#closed(row.id)
  }

  #closed(host: number): void {
    this.#heads.close(host)
    this.#tallies.count('hosts_closed', 1)
  }

  #open(row: HostRow): void {
    this.#write({ ...row, rests_until: 0, leased_url: null, leased_until: null }, { is_open: 1, opens_at: 0 })
    if (row.is_open === 0) this.#tallies.count('hosts_closed', -1)
    this.#heads.open(row.id)
  }

  #write({ id, rests_until, leased_url, leased_until, address }: HostRow, { is_open, opens_at }: Pick<HostRow, 'is_open' | 'opens_at'>): void {
    this.#db.run(
      `update hosts set is_open = ?, opens_at = ?, rests_until = ?, leased_url = ?, leased_until = ?, address = ? where id = ?`,
      is_open,
      opens_at,
      rests_until,
      leased_url,
      leased_until,
      address,
      id,
    )
  }
}

/** In the place of the URL a host is lent for. No target has such a URL, so the end of the lease makes none ready. */
const lentFor = (page: string): string => `turn ${page}`
