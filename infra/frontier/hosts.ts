import type { HostTurn, TurnEnd, TurnRequest } from '#schemas/host-turns.ts'
import type { Database } from '../sqlite/database.ts'
import { hostOf } from './arguments.ts'
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
  /** The last one that answered; undefined as long as none is known. */
  address: string | null
}

/** The best of a lane at an open host; it may be stale (FrontierQueue). */
interface HeadRow {
  host: number
  lane: number
  rank: number
  url: string
  /** Of the host, and until when it rests. */
  address: string | null
  address_until: number | null
}

/** What is to be known of a host that is about to be lent. */
type Lendable = Pick<HostRow, 'id' | 'is_open' | 'address'>

/** How a visit ended, for its host: ms since epoch, but `delayMs`. */
interface Release {
  restsUntil: number
  now: number
  address?: string | undefined
  delayMs?: number | undefined
}

/** Of hosts whose numbers are kept in memory. */
const idsMax = 50_000

/** One request at a time per host, and the rests of hosts and addresses: which hosts are free, and the best target of each. See schema.ts for the tables. */
export class FrontierHosts {
  readonly #db: Database
  readonly #targets: FrontierTargets
  readonly #tallies: Tallies
  readonly #ids = new Map<string, number>()

  constructor(db: Database, targets: FrontierTargets, tallies: Tallies) {
    this.#db = db
    this.#targets = targets
    this.#tallies = tallies
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
    if (this.#ids.size >= idsMax) this.#ids.clear()
    this.#ids.set(name, row.id)
    return row.id
  }

  forget(): void {
    this.#ids.clear()
  }

  /** New URLs of a host. */
  enqueue(host: number, entries: readonly Entry[]): void {
    for (const [lane, best] of this.#targets.enqueue(host, entries)) this.offer(host, lane, best)
  }

  /** An entry that was put into the queue. Only an open host has heads; #open makes those of the others. */
  offer(host: number, lane: number, { priority, url }: Entry): void {
    this.#db.run(
      `insert into heads select id, ?, ?, ? from hosts where id = ? and is_open = 1
       on conflict do update set rank = excluded.rank, url = excluded.url
       where excluded.rank < heads.rank or (excluded.rank = heads.rank and excluded.url < heads.url)`,
      lane,
      0 - priority,
      url,
      host,
    )
  }

  /** Brings to the present: expired leases return, rests end, deferred targets become ready. */
  wake(now: number): void {
    const due = this.#db.all<HostRow>(
      `select * from hosts where id in (
         select id from hosts where is_open = 0 and opens_at <= ? union all select id from hosts where leased_until <= ?
       ) order by id`,
      now,
      now,
    )
    for (const row of due) {
      const leased = row.leased_url === null ? undefined : this.#targets.find(row.leased_url)
      if (leased?.state === 'leased') this.#targets.expire(leased)
      this.#openOrRest(row, row.rests_until, now)
    }
    for (const { host, lane, entry } of this.#targets.ripen(now)) this.offer(host, lane, entry)
  }

  /** The best of all that can be claimed now among the lanes (all when undefined): the highest priority, then the smallest URL. */
  best(lanes: readonly number[] | undefined, now: number): { host: Lendable; entry: Entry } | undefined {
    for (let head = this.#firstHead(lanes); head; head = this.#firstHead(lanes)) {
      const { host, lane, rank, url, address, address_until } = head
      if (address_until !== null && address_until > now) {
        this.#rest(this.#row(host), address_until)
        continue
      }
      const entry = this.#targets.queue.top(host, lane)
      if (!entry) this.#db.run('delete from heads where host = ? and lane = ?', host, lane)
      else if (entry.url === url && 0 - entry.priority === rank) return { host: { id: host, is_open: 1, address }, entry }
      else this.#db.run('update heads set rank = ?, url = ? where host = ? and lane = ?', 0 - entry.priority, entry.url, host, lane)
    }
    return undefined
  }

  lend({ id, is_open, address }: Lendable, url: string, until: number, now: number): void {
    this.#db.run('update hosts set leased_url = ?, leased_until = ?, is_open = 0, opens_at = ? where id = ?', url, until, until, id)
    if (is_open === 1) this.#closed(id)
    if (address !== null) this.#restAddress(address, now)
  }

  /** Ends the lease of that URL, if the host is lent for it; the host rests until `restsUntil`, and the address that answered, if one did, for `delayMs`. */
  release(host: number, url: string, { restsUntil, now, address, delayMs }: Release): void {
    const before = this.#row(host)
    const row = { ...before, rests_until: Math.max(before.rests_until, restsUntil), address: address ?? before.address }
    if (address !== undefined) this.#restFrom(address, now, delayMs)
    if (row.leased_url === null || row.leased_url === url) return this.#openOrRest(row, row.rests_until, now)
    // After an expiry the host may be lent for another URL: a late answer does not end that lease, but the rest it asks for counts.
    this.#write(row, { is_open: 0, opens_at: Math.max(row.leased_until ?? 0, row.rests_until) })
  }

  /** The host for something that is no claim (host-turns.ts). */
  takeTurn({ url, page, latest, leaseMs }: TurnRequest, now: number): HostTurn | number {
    this.wake(now)
    const host = this.#row(this.idOf(hostOf(url)))
    const isWithin = host.leased_url === page
    if (host.leased_url !== null && !isWithin) return now
    const startsAt = Math.max(now, host.rests_until, this.#addressRest(host))
    if (startsAt > latest) return startsAt
    if (!isWithin) this.lend(host, lentFor(page), startsAt + leaseMs, startsAt)
    else if (host.address !== null) this.#restAddress(host.address, startsAt)
    return { url, page, startsAt, isWithin }
  }

  endTurn({ url, page, isWithin }: Pick<HostTurn, 'url' | 'page' | 'isWithin'>, { hostDelayMs, until = 0, address }: TurnEnd, now: number): void {
    const host = this.idOf(hostOf(url))
    const restsUntil = Math.max(until, now + hostDelayMs)
    if (!isWithin) return this.release(host, lentFor(page), { restsUntil, now, address, delayMs: hostDelayMs })
    if (address !== undefined) this.#restFrom(address, now, hostDelayMs)
    // The lease goes on; the rest counts from its end, or for the next turn within it.
    this.#db.run('update hosts set rests_until = max(rests_until, ?), address = coalesce(?, address) where id = ?', restsUntil, address ?? null, host)
  }

  #restFrom(address: string, now: number, delayMs: number | undefined): void {
    this.#db.run(
      `insert into addresses values (?, ?, ?) on conflict do update set
       rests_until = max(rests_until, excluded.rests_until), delay_ms = coalesce(?, delay_ms)`,
      address,
      delayMs === undefined ? 0 : now + delayMs,
      delayMs ?? 0,
      delayMs ?? null,
    )
  }

  nextReadyAt(lanes: readonly number[], now: number): number | undefined {
    if (this.best(lanes, now)) return now
    const times = [this.#nextOpening(lanes, now), ...lanes.map((lane) => this.#nextRipe(lane))].filter((at) => at !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Targets that wait for their host or its address. */
  #nextOpening(lanes: readonly number[], now: number): number | undefined {
    const hindered = this.#db.all<{ id: number; at: number }>(
      `select h.id, max(iif(h.is_open, 0, h.opens_at), coalesce(a.rests_until, 0)) as at from hosts h left join addresses a on a.address = h.address
       where h.id in (
         select id from hosts where is_open = 0 union select b.id from addresses r join hosts b on b.address = r.address where r.rests_until > ?
       ) order by at`,
      now,
    )
    return hindered.find(({ id, at }) =>
      lanes.some(
        (lane) =>
          this.#targets.queue.top(id, lane) ??
          this.#db.get(`select 1 from targets where host = ? and lane = ? and state = 'later' and ready_at <= ? limit 1`, id, lane, at),
      ),
    )?.at
  }

  /** Targets for which their host and its address wait. */
  #nextRipe(lane: number): number | undefined {
    return this.#db.get<{ at: number }>(
      `select t.ready_at as at from targets t join hosts h on h.id = t.host left join addresses a on a.address = h.address
       where t.lane = ? and t.state = 'later' and t.ready_at > max(h.opens_at, coalesce(a.rests_until, 0)) order by t.ready_at limit 1`,
      lane,
    )?.at
  }

  #firstHead(lanes: readonly number[] | undefined): HeadRow | undefined {
    const rested = 'h.host, h.lane, h.rank, h.url, o.address, a.rests_until as address_until'
    const joined = 'join hosts o on o.id = h.host left join addresses a on a.address = o.address'
    if (!lanes) return this.#db.get<HeadRow>(`select ${rested} from heads h ${joined} order by h.rank, h.url limit 1`)
    return this.#db.get<HeadRow>(
      `select ${rested} from json_each(?) as wanted
       join heads h on (h.lane, h.host) = (select lane, host from heads where lane = wanted.value order by rank, url limit 1) ${joined}
       order by h.rank, h.url limit 1`,
      JSON.stringify(lanes),
    )
  }

  /** Two hosts at one address are not asked at once either: the second waits as long as the last visit there asked for. */
  #restAddress(address: string, at: number): void {
    this.#db.run('update addresses set rests_until = max(rests_until, ? + delay_ms) where address = ?', at, address)
  }

  #addressRest({ address }: HostRow): number {
    if (address === null) return 0
    return this.#db.get<{ rests_until: number }>('select rests_until from addresses where address = ?', address)?.rests_until ?? 0
  }

  #row(id: number): HostRow {
    return this.#db.get<HostRow>('select * from hosts where id = ?', id) as HostRow
  }

  #openOrRest(row: HostRow, restsUntil: number, now: number): void {
    if (restsUntil <= now) this.#open(row)
    else this.#rest(row, restsUntil)
  }

  #rest(row: HostRow, until: number): void {
    this.#write({ ...row, leased_url: null, leased_until: null }, { is_open: 0, opens_at: until })
    if (row.is_open === 1) this.#closed(row.id)
  }

  /** Only open hosts have heads. */
  #closed(host: number): void {
    this.#db.run('delete from heads where host = ?', host)
    this.#tallies.count('hosts_closed', 1)
  }

  #write({ id, rests_until, leased_url, leased_until, address }: HostRow, { is_open, opens_at }: Pick<HostRow, 'is_open' | 'opens_at'>): void {
    this.#db.run(
      'update hosts set is_open = ?, opens_at = ?, rests_until = ?, leased_url = ?, leased_until = ?, address = ? where id = ?',
      is_open,
      opens_at,
      rests_until,
      leased_url,
      leased_until,
      address,
      id,
    )
  }

  #open(row: HostRow): void {
    const { id, is_open } = row
    this.#write({ ...row, leased_url: null, leased_until: null }, { is_open: 1, opens_at: 0 })
    if (is_open === 0) this.#tallies.count('hosts_closed', -1)
    const next = 'select lane, rank, url from runs where host = ? and lane > ? order by lane, rank, url limit 1'
    for (let head = this.#db.get<HeadRow>(next, id, -1); head; head = this.#db.get<HeadRow>(next, id, head.lane))
      this.#db.run(
        'insert into heads values (?, ?, ?, ?) on conflict do update set rank = excluded.rank, url = excluded.url',
        id,
        head.lane,
        head.rank,
        head.url,
      )
  }
}

/** In the place of the URL a host is lent for. No target has such a URL, so the end of the lease makes none ready. */
const lentFor = (page: string): string => `turn ${page}`
