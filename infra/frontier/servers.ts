import type { Database } from '../sqlite/database.ts'
import type { Tallies } from './labels.ts'
import type { FrontierLines } from './lines.ts'

/** What is asked one thing at a time: an IP address with its hosts, or one host as long as its address is not known. */
export interface Server {
  id: number
  address: string | null
  /** When the lease or the rest is over (ms since epoch); null: it can be asked. */
  opens_at: number | null
  /** Counts behind a lease as well. */
  rests_until: number
  /** What it is lent for. */
  leased_url: string | null
  /** Until then a turn within the lease is under way. */
  within_until: number | null
}

/** Of `servers s`. */
export const serverColumns = 's.id, s.address, s.opens_at, s.rests_until, s.leased_url, s.within_until'

/** Leases and rests. What they mean for those who wait is written at once (lines.ts). */
export class FrontierServers {
  readonly #db: Database
  readonly #lines: FrontierLines
  readonly #tallies: Tallies
  readonly #restMaxMs: number

  constructor(db: Database, { lines, tallies, restMaxMs }: { lines: FrontierLines; tallies: Tallies; restMaxMs: number }) {
    this.#db = db
    this.#lines = lines
    this.#tallies = tallies
    this.#restMaxMs = restMaxMs
  }

  of(host: number): Server {
    return this.#db.get<Server>(`select ${serverColumns} from hosts h join servers s on s.id = h.server where h.id = ?`, host) as Server
  }

  at(address: string): Server | undefined {
    return this.#db.get<Server>(`select ${serverColumns} from servers s where s.address = ?`, address)
  }

  make(address: string | null): Server {
    const { id } = this.#db.get<{ id: number }>('insert into servers (address) values (?) returning id', address) as { id: number }
    return { id, address, opens_at: null, rests_until: 0, leased_url: null, within_until: null }
  }

  /** It was found out where a host is that nobody else is known to be at. */
  name(server: Server, address: string): void {
    server.address = address
    this.#db.run('update servers set address = ? where id = ?', address, server.id)
  }

  /** @param isClosed its lines are */
  lend(server: Server, url: string, until: number, isClosed = false): void {
    if (!isClosed && server.opens_at === null) this.#lines.close(server.id)
    if (server.opens_at === null) this.#tallies.count('hosts_closed', 1)
    Object.assign(server, { leased_url: url, opens_at: until, within_until: null })
    this.#write(server)
  }

  /** What its end leaves: a rest of its own, if any. A lease of somebody else goes on, and the rest counts behind it. */
  strain(server: Server, restsUntil: number, now: number): void {
    server.rests_until = Math.max(server.rests_until, this.possible(restsUntil, now))
    if (server.leased_url === null) this.free(server, now)
    else this.#write(server)
  }

  /** Nobody has it any more. */
  free(server: Server, now: number): void {
    const wasOpen = server.opens_at === null
    const restsUntil = this.possible(server.rests_until, now)
    const rests = restsUntil > now
    Object.assign(server, { leased_url: null, within_until: null, opens_at: rests ? restsUntil : null, rests_until: rests ? server.rests_until : 0 })
    this.#write(server)
    if (rests && wasOpen) {
      this.#tallies.count('hosts_closed', 1)
      this.#lines.close(server.id)
    }
    if (rests || wasOpen) return
    this.#tallies.count('hosts_closed', -1)
    if (!this.#lines.open(server.id) && server.address !== null) this.#forgetEmpty(server)
  }

  /** A host of it is elsewhere from now on, and what it was lent for, if anything, with it. Where nobody is any more is only kept for its rest. */
  leave(server: Server, now: number): void {
    if (server.address !== null) this.free(server, now)
    else if (server.opens_at !== null) this.#tallies.count('hosts_closed', -1)
    if (server.address === null || server.opens_at === null) this.#forgetEmpty(server)
  }

  within(server: Server, until: number | null): void {
    server.within_until = until
    this.#write(server)
  }

  /** Whose lease or rest is over, longest ago first. */
  due(now: number, limit: number): Server[] {
    return this.#db.all<Server>(`select ${serverColumns} from servers s where s.opens_at <= ? order by s.opens_at limit ?`, now, limit)
  }

  /** In the order in which they open. */
  *closed(perLook: number): Generator<Server & { opens_at: number }> {
    for (let last = { id: 0, opens_at: -1 }, isOver = false; !isOver;) {
      const found = this.#db.all<Server & { opens_at: number }>(
        `select ${serverColumns} from servers s where s.opens_at is not null and (s.opens_at, s.id) > (?, ?) order by s.opens_at, s.id limit ?`,
        last.opens_at,
        last.id,
        perLook,
      )
      yield* found
      last = found.at(-1) ?? last
      isOver = found.length < perLook
    }
  }

  /** None is lent or rests for longer than can be. */
  restrain(restMost: number, leaseMost: number, limit: number): void {
    this.#db.run(
      `update servers set rests_until = min(rests_until, ?1), within_until = min(within_until, ?2), opens_at = min(opens_at, iif(leased_url is null, ?1, ?2))
       where id in (
         select id from (select id from servers where opens_at > max(?1, ?2) limit ?3)
         union select id from (select id from servers where leased_url is not null and opens_at > ?2 limit ?3)
       )`,
      restMost,
      leaseMost,
      limit,
    )
  }

  /** No rest is longer. */
  possible(restsUntil: number, now: number): number {
    return Math.min(restsUntil, now + this.#restMaxMs)
  }

  #forgetEmpty({ id }: Server): void {
    if (this.#db.get('select 1 from hosts where server = ? limit 1', id)) return
    this.#lines.drop(id)
    this.#db.run('delete from servers where id = ?', id)
  }

  #write({ id, opens_at, rests_until, leased_url, within_until }: Server): void {
    this.#db.run(
      'update servers set opens_at = ?, rests_until = ?, leased_url = ?, within_until = ? where id = ?',
      opens_at,
      rests_until,
      leased_url,
      within_until,
      id,
    )
  }
}
