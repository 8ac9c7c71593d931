import type { Database } from '../sqlite/database.ts'
import type { Entry } from './queue.ts'

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

/** What can be claimed now: the best of each lane of each open host. */
export class FrontierHeads {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** An entry that was put into the queue. Only an open host has heads; `open` makes those of the others. */
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

  /** The best among the lanes (all when undefined). */
  first(lanes: readonly number[] | undefined): HeadRow | undefined {
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

  /** In the place of a stale one: the top of the queue, if there is any. */
  renew({ host, lane }: HeadRow, top: Entry | undefined): void {
    if (!top) this.#db.run('delete from heads where host = ? and lane = ?', host, lane)
    else this.#db.run('update heads set rank = ?, url = ? where host = ? and lane = ?', 0 - top.priority, top.url, host, lane)
  }

  open(host: number): void {
    const next = 'select lane, rank, url from runs where host = ? and lane > ? order by lane, rank, url limit 1'
    for (let head = this.#db.get<HeadRow>(next, host, -1); head; head = this.#db.get<HeadRow>(next, host, head.lane))
      this.#db.run(
        'insert into heads values (?, ?, ?, ?) on conflict do update set rank = excluded.rank, url = excluded.url',
        host,
        head.lane,
        head.rank,
        head.url,
      )
  }

  close(host: number): void {
    this.#db.run('delete from heads where host = ?', host)
  }
}
