import type { Database } from './database.ts'
import { refuse } from './arguments.ts'

/** One request at a time per host: which hosts are free, and the best target of each. See schema.ts for the tables. */
export interface HostTable {
  /** Brings to the present: expired leases return, rests end, deferred targets become ready. */
  wake(now: number): void
  /** A target that became ready, or whose priority rose. */
  offer(host: string, lane: string, priority: number, url: string): void
  /** The URL to claim next: the highest priority, then the smallest URL, among the lanes (all when undefined). */
  best(lanes: readonly string[] | undefined): string | undefined
  lend(host: string, url: string, until: number): void
  /** Ends the lease of that URL, if the host is lent for it; the host rests until `restsUntil`. */
  release(host: string, url: string, restsUntil: number, now: number): void
  nextReadyAt(lanes: readonly string[] | undefined, now: number): number | undefined
}

/** @throws OrreryError `invalid_argument` for what is no http(s) URL */
export function hostOf(url: string): string {
  const parsed = /[\s\p{Cc}]/u.test(url) ? null : URL.parse(url)
  if (parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return parsed.host
  throw refuse('target.url', url, 'an absolute http or https URL')
}

interface HostRow {
  host: string
  is_open: 0 | 1
  rests_until: number
  leased_url: string | null
}

interface HeadRow {
  priority: number
  url: string
}

export function hostTable(db: Database): HostTable {
  return {
    wake(now) {
      const isDue =
        db.get(dueHosts, now, now) ??
        lanesOf(db).find((lane) => db.get(`select 1 from targets where lane = ? and state = 'later' and ready_at <= ?`, lane, now))
      if (isDue === undefined) return
      db.transaction(() => {
        openDueHosts(db, now)
        readyDueTargets(db, now)
      })
    },
    offer: (host, lane, priority, url) => offer(db, host, lane, priority, url),
    best: (lanes) => bestHead(db, lanes)?.url,
    lend(host, url, until) {
      db.run('update hosts set is_open = 0, opens_at = ?, leased_url = ?, leased_until = ? where host = ?', until, url, until, host)
      db.run('delete from heads where host = ?', host)
    },
    release: (host, url, restsUntil, now) => release(db, host, url, restsUntil, now),
    nextReadyAt: (lanes, now) => nextReadyAt(db, lanes, now),
  }
}

/** Hosts whose rest or lease is over; opens_at may lie beyond the end of the lease. */
const dueHosts = `select * from hosts where host in (
  select host from hosts where is_open = 0 and opens_at <= ? union all select host from hosts where leased_until <= ?
) order by host`

const lanesOf = (db: Database) => db.all<{ lane: string }>('select lane from lanes order by lane').map(({ lane }) => lane)

function openDueHosts(db: Database, now: number): void {
  for (const { host, leased_url, rests_until } of db.all<HostRow>(dueHosts, now, now)) {
    // The token stays: the late crawler may still finish it, as long as nobody else was lent the target.
    if (leased_url !== null) db.run(`update targets set state = 'ready' where url = ? and state = 'leased'`, leased_url)
    openOrRest(db, host, rests_until, now)
  }
}

function openOrRest(db: Database, host: string, restsUntil: number, now: number): void {
  if (restsUntil <= now) openHost(db, host)
  else db.run('update hosts set is_open = 0, opens_at = ?, leased_url = null, leased_until = null where host = ?', restsUntil, host)
}

function openHost(db: Database, host: string): void {
  db.run('update hosts set is_open = 1, opens_at = 0, leased_url = null, leased_until = null where host = ?', host)
  const next = `select lane, priority, url from targets where host = ? and state = 'ready' and lane > ? order by lane, priority desc, url limit 1`
  // '' is the least lane, so it is asked for apart.
  let head = db.get<HeadRow & { lane: string }>(next.replace('lane > ?', 'lane >= ?'), host, '')
  while (head) {
    db.run('insert into heads values (?, ?, ?, ?)', host, head.lane, head.priority, head.url)
    head = db.get<HeadRow & { lane: string }>(next, host, head.lane)
  }
}

function readyDueTargets(db: Database, now: number): void {
  for (const lane of lanesOf(db)) {
    const due = db.all<HeadRow & { host: string }>(
      `select host, priority, url from targets where lane = ? and state = 'later' and ready_at <= ? order by ready_at, url`,
      lane,
      now,
    )
    for (const { host, priority, url } of due) {
      db.run(`update targets set state = 'ready', ready_at = null where url = ?`, url)
      offer(db, host, lane, priority, url)
    }
  }
}

/** Only an open host has heads; openHost makes those of the others. */
function offer(db: Database, host: string, lane: string, priority: number, url: string): void {
  db.run(
    `insert into heads select ?, ?, ?, ? from hosts where host = ? and is_open = 1
     on conflict do update set priority = excluded.priority, url = excluded.url
     where excluded.priority > heads.priority or (excluded.priority = heads.priority and excluded.url < heads.url)`,
    host,
    lane,
    priority,
    url,
    host,
  )
}

function bestHead(db: Database, lanes: readonly string[] | undefined): HeadRow | undefined {
  if (!lanes) return db.get<HeadRow>('select priority, url from heads order by priority desc, url limit 1')
  return db.get<HeadRow>(
    `select h.priority, h.url from json_each(?) as wanted
     join heads h on (h.lane, h.host) = (select lane, host from heads where lane = wanted.value order by priority desc, url limit 1)
     order by h.priority desc, h.url limit 1`,
    JSON.stringify(lanes),
  )
}

function release(db: Database, host: string, url: string, restsUntil: number, now: number): void {
  db.run('update hosts set rests_until = max(rests_until, ?) where host = ?', restsUntil, host)
  const row = db.get<HostRow>('select * from hosts where host = ?', host)
  if (!row) return
  if (row.leased_url !== null && row.leased_url !== url) {
    // After an expiry the host may be lent for another URL: a late answer does not end that lease, but the rest it asks for counts.
    db.run('update hosts set opens_at = max(leased_until, rests_until) where host = ?', host)
    return
  }
  db.run('delete from heads where host = ?', host)
  openOrRest(db, host, row.rests_until, now)
}

function nextReadyAt(db: Database, lanes: readonly string[] | undefined, now: number): number | undefined {
  if (bestHead(db, lanes)) return now
  const wanted = lanes ?? lanesOf(db)
  // Targets that wait for their host …
  const opening = db.get<{ at: number }>(
    `select opens_at as at from hosts h where is_open = 0 and exists (
       select 1 from json_each(?) lane cross join targets t on t.host = h.host and t.lane = lane.value
       where t.state = 'ready' or (t.state = 'later' and t.ready_at <= h.opens_at)
     ) order by opens_at limit 1`,
    JSON.stringify(wanted),
  )
  // … and those whose host waits for them.
  const ripening = wanted.map((lane) =>
    db.get<{ at: number }>(
      `select ready_at as at from targets t join hosts h on h.host = t.host
       where t.lane = ? and t.state = 'later' and t.ready_at > h.opens_at order by ready_at limit 1`,
      lane,
    ),
  )
  const times = [opening, ...ripening].flatMap((found) => (found ? [found.at] : []))
  return times.length === 0 ? undefined : Math.min(...times)
}
