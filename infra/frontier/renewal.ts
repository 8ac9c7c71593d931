import { randomBytes } from 'node:crypto'
import type { Database } from '../sqlite/database.ts'
import { Fingerprinter, toInteger } from './fingerprint.ts'
import { FrontierSeen } from './seen.ts'

/**
 * `log`: the fingerprints of all URLs (seen.ts). `classes`: labels with kinds (classes.ts).
 * `inbox`: what was added and is not yet sorted in (inbox.ts).
 * `runs`, `bodies`: what is ready, in sorted runs (runs.ts).
 * `targets`: URLs that were claimed, raised or brought nearer, by fingerprint. `state`: ready = has an entry in a run; later = waits for ready_at; leased;
 * finished = not again, unless it changes. `lane`: what a claim filters by.
 * `hosts.is_open` = 0 while the host is lent or rests, until opens_at. `addresses`: the rests of IP addresses.
 * `heads`: the best ready target per lane of each open host: what can be claimed now, so that a claim is one index seek.
 * `tallies`: how many pages of a label are in a state; `visits`: how many ended how; `counters`: see tallies.ts, and the seed of the fingerprints.
 */
const tables = `
  create table log (first integer primary key, entries blob not null) strict;
  create table classes (id integer primary key, label text not null, kind text not null, unique (label, kind)) strict;
  create table inbox (id integer primary key, groups blob not null) strict;
  create table runs (
    host integer, lane integer, rank real, url text, id integer, class integer not null, depth integer not null, next integer not null,
    primary key (host, lane, rank, url, id)
  ) strict, without rowid;
  create table bodies (id integer primary key, body blob not null) strict;
  create table targets (
    fp integer primary key, url text not null, host integer not null, lane integer not null, kind text not null, label text not null,
    priority real not null, depth integer not null,
    state text not null default 'ready' check (state in ('ready', 'later', 'leased', 'finished')), ready_at integer,
    tries integer not null default 0, token text, expires_at integer, outcome text, reason text,
    etag text, last_modified text, memory text, visited_at integer, version integer not null default 0
  ) strict;
  create index targets_due on targets (ready_at) where state = 'later';
  create index targets_later on targets (lane, ready_at) where state = 'later';
  create index targets_later_of_host on targets (host, lane, ready_at) where state = 'later';
  create table hosts (
    id integer primary key, host text not null unique,
    is_open integer not null default 1, opens_at integer not null default 0, rests_until integer not null default 0,
    leased_url text, leased_until integer, address text
  ) strict;
  create index hosts_closed on hosts (opens_at) where is_open = 0;
  create index hosts_lent on hosts (leased_until) where leased_until is not null;
  create index hosts_by_address on hosts (address) where address is not null;
  create table addresses (address text primary key, rests_until integer not null, delay_ms integer not null) strict, without rowid;
  create index addresses_resting on addresses (rests_until);
  create table heads (host integer, lane integer, rank real not null, url text not null, primary key (host, lane)) strict, without rowid;
  create index heads_order on heads (rank, url);
  create index heads_lane_order on heads (lane, rank, url);
  create table counters (name text primary key, count integer not null) strict, without rowid;
  create table tallies (label text, state text, count integer not null default 0, primary key (label, state)) strict, without rowid;
  create table visits (label text, outcome text, count integer not null default 0, primary key (label, outcome)) strict, without rowid;
`

const oldTriggers = ['hosts_counted', 'targets_added', 'targets_moved']
const oldIndexes = ['targets_ready', 'targets_later', 'targets_later_of_host', 'hosts_closed', 'hosts_lent', 'heads_order', 'heads_lane_order']
const oldTables = ['targets', 'hosts', 'heads', 'lanes', 'counters', 'tallies', 'visits']

/** All but the rows of the targets, whose keys SQL cannot make. */
const hostsAndClasses = `
  insert into hosts (host, is_open, opens_at, rests_until, leased_url, leased_until)
    select host, is_open, opens_at, rests_until, leased_url, leased_until from old_hosts order by host;
  insert into classes (label, kind) select distinct label, kind from old_targets order by label, kind;
  insert into counters select name, count from old_counters;
  insert into counters select 'hosts_closed', count(*) from hosts where is_open = 0;
  insert into tallies select * from old_tallies;
  insert into visits select * from old_visits where count > 0;
`

/** The time of an old visit is not known: it was before any change of which the page is said to have made. */
const oneTarget = `
  insert into targets
    select ?, t.url, h.id, iif(t.kind = 'page', c.id, 0), t.kind, t.label, t.priority, 0, t.state, t.ready_at, t.attempt, t.token, t.expires_at, t.outcome, t.reason,
      t.etag, t.last_modified, null, iif(t.outcome is null or t.outcome = 'deferred', null, 0), t.version
    from old_targets t join hosts h on h.host = t.host join classes c on c.label = t.label and c.kind = t.kind where t.url = ?
`

const runsAndHeads = `
  insert into runs select t.host, t.lane, 0 - t.priority, t.url, 0, c.id, 0, -1
    from targets t join classes c on c.label = t.label and c.kind = t.kind where t.state = 'ready';
  insert into heads select r.host, r.lane, r.rank, r.url from runs r join hosts h on h.id = r.host
    where h.is_open = 1 and (r.rank, r.url) = (select rank, url from runs b where b.host = r.host and b.lane = r.lane order by rank, url limit 1);
`

/** From version 1, where each URL had a row with its indexes, to version 2. Nothing is lost but the time of past visits, which version 1 did not keep. */
export function renewFrontier(db: Database): void {
  for (const name of oldTriggers) db.script(`drop trigger ${name}`)
  for (const name of oldIndexes) db.script(`drop index ${name}`)
  for (const name of oldTables) db.script(`alter table ${name} rename to old_${name}`)
  db.script(tables)
  db.script(hostsAndClasses)
  moveTargets(db, newSeed(db))
  db.script(runsAndHeads)
  for (const name of oldTables) db.script(`drop table old_${name}`)
}

/** Nobody outside knows it, see Fingerprinter. */
function newSeed(db: Database): readonly [number, number] {
  const bytes = randomBytes(8)
  const seed = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)] as const
  db.run(`insert into counters values ('seed_lo', ?), ('seed_hi', ?)`, ...seed)
  return seed
}

function moveTargets(db: Database, seed: readonly [number, number]): void {
  const rowsPerRead = 10_000
  const fingerprinter = new Fingerprinter(seed)
  const seen = new FrontierSeen(db, seed)
  for (let last = '', isOver = false; !isOver;) {
    const rows = db.all<OldTarget>(
      `select t.url, t.priority, c.id as classId, h.id as host from old_targets t join hosts h on h.host = t.host join classes c on c.label = t.label and c.kind = t.kind where t.url > ? order by t.url limit ?`,
      last,
      rowsPerRead,
    )
    for (const { url, priority, classId, host } of rows) {
      fingerprinter.read(url)
      db.run(oneTarget, toInteger(fingerprinter.lo, fingerprinter.hi), url)
      seen.add(url, host, { priority, classId, depth: 0, modifiedAt: undefined })
    }
    seen.write()
    isOver = rows.length < rowsPerRead
    last = rows.at(-1)?.url ?? ''
  }
}

interface OldTarget {
  url: string
  priority: number
  classId: number
  host: number
}
