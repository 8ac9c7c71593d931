import type { Database } from '../sqlite/database.ts'
import { serverColumns, type Server } from './servers.ts'

/** Whose turn it is. */
export interface Next extends Server {
  lane: number
  host: number
  /** Another host of the server waits in that lane. */
  others: 0 | 1
}

/**
 * Who waits, and whose turn it is: a line per server and lane, with the hosts of the server that wait in it. Of the lines that are open the one that was
 * served longest ago is next, and within it the host that was; who comes new begins as if it had been served just now, so that neither those who come nor those
 * who are there wait for ever. Equals go by their keyed hash. A turn is the number of claims before it, of all.
 */
export class FrontierLines {
  readonly #db: Database
  /** Claims so far; undefined as long as this transaction has not asked. */
  #turn: number | undefined
  #isServed = false

  constructor(db: Database) {
    this.#db = db
  }

  /** The first among the lanes; who is in it may have nothing left. */
  next(lanes: readonly number[]): Next | undefined {
    for (let found = this.#first(lanes); found; found = this.#first(lanes)) {
      if (found.host !== null) return found as Next
      this.#db.run('update lines set is_open = 0 where server = ? and lane = ?', found.id, found.lane)
    }
    return undefined
  }

  #first(lanes: readonly number[]): (Omit<Next, 'host'> & { host: number | null }) | undefined {
    const [lane, ...others] = lanes
    if (lane === undefined) return undefined
    return others.length === 0 ? this.#db.get(nextIn(firstOfLane), lane) : this.#db.get(nextIn(firstOfLanes), JSON.stringify(lanes))
  }

  /** The first host of a line, whether or not it is open. */
  first(server: number, lane: number): number | undefined {
    return this.#db.get<{ host: number }>('select host from waiting where server = ? and lane = ? order by turn, tie limit 1', server, lane)?.host
  }

  /** The host has something in that lane. A host that is held joins when it no longer is. */
  join(host: number, lane: number): void {
    if (this.#db.get('select 1 from waiting where host = ? and lane = ?', host, lane)) return
    const joined = this.#db.run(
      `insert into waiting select h.id, ?2, h.server, coalesce((select turn from lines where server = h.server and lane = ?2), ?3), h.tie
       from hosts h where h.id = ?1 and h.opens_at is null`,
      host,
      lane,
      this.#now(),
    )
    if (joined === 0) return
    this.#db.run(
      `insert into lines select s.id, ?2, ?3, h.tie, s.opens_at is null from hosts h join servers s on s.id = h.server where h.id = ?1
       on conflict do update set is_open = excluded.is_open where is_open <> excluded.is_open`,
      host,
      lane,
      this.#now(),
    )
  }

  /** All of its lanes, or one. */
  leave(host: number, lane?: number): void {
    if (lane === undefined) this.#db.run('delete from waiting where host = ?', host)
    else this.#db.run('delete from waiting where host = ? and lane = ?', host, lane)
  }

  /** It had its turn: its server is lent, and both go to the end of their line. */
  served({ id, lane, host, others }: Next): void {
    const turn = (this.#turn = this.#now() + 1)
    this.#isServed = true
    this.#db.run('update lines set is_open = 0, turn = iif(lane = ?, ?, turn) where server = ? and is_open = 1', lane, turn, id)
    if (others === 1) this.#db.run('update waiting set turn = ? where host = ? and lane = ?', turn, host, lane)
  }

  close(server: number): void {
    this.#db.run('update lines set is_open = 0 where server = ? and is_open = 1', server)
  }

  /** False when nobody waits there. */
  open(server: number): boolean {
    const opened = this.#db.run(
      `update lines set is_open = 1 where server = ?1 and is_open = 0
       and exists (select 1 from waiting w where w.server = ?1 and w.lane = lines.lane)`,
      server,
    )
    return opened > 0
  }

  drop(server: number): void {
    this.#db.run('delete from lines where server = ?', server)
  }

  /** Makes the turns part of the transaction. */
  write(): void {
    if (this.#isServed) this.#db.run(`insert into counters values ('turn', ?) on conflict do update set count = excluded.count`, this.#now())
    this.forget()
  }

  forget(): void {
    this.#turn = undefined
    this.#isServed = false
  }

  #now(): number {
    return (this.#turn ??= this.#db.get<{ count: number }>(`select count from counters where name = 'turn'`)?.count ?? 0)
  }
}

const firstOfLane = 'select server, lane, turn, tie from lines where lane = ? and is_open = 1 order by turn, tie limit 1'
const firstOfLanes = `select l.* from json_each(?) as wanted
  join lines l on (l.lane, l.server) = (select lane, server from lines where lane = wanted.value and is_open = 1 order by turn, tie limit 1)
  order by l.turn, l.tie limit 1`

const nextIn = (line: string): string =>
  `select l.lane, ${serverColumns}, (select host from waiting where server = l.server and lane = l.lane order by turn, tie limit 1) as host,
     (select count(*) from (select 1 from waiting where server = l.server and lane = l.lane limit 2)) > 1 as others
   from (${line}) l join servers s on s.id = l.server`
