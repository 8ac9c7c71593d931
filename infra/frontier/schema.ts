/**
 * `log`: the fingerprints of all URLs (seen.ts). `classes`: labels with kinds (labels.ts).
 * `inbox`: what was added and is not yet sorted in (queue.ts).
 * `runs`, `bodies`: what is ready, in sorted runs (queue.ts).
 * `targets`: URLs that were claimed, raised or brought nearer, by fingerprint. `state`: ready = has an entry in a run; later = waits for ready_at; leased;
 * finished = not again, unless it changes. `lane`: what a claim filters by.
 * `servers`: what is asked one thing at a time (servers.ts): an IP address, or a host whose address is not known. `opens_at`: while it is lent or rests, the
 * time at which that is over; else null. `within_until`: a turn within its lease is under way.
 * `hosts`: `opens_at` while a host is held beside its server; `pages_since_list`: see hosts.ts. `tie`: a keyed hash of the host's name.
 * `lines`, `waiting`: whose turn it is (lines.ts). What is open has somebody who waits, or had: whoever looks finds out.
 * `tallies`: how many pages of a label are in a state; `visits`: how many ended how; `counters`: see labels.ts, `turn` (lines.ts), and the seed of the
 * fingerprints (seen-set.ts), which nobody outside knows: SQLite's random() is seeded by the system.
 */
export const frontierTables = `
  create table log (first integer primary key, entries blob not null) strict;
  create table classes (id integer primary key, label text not null, kind text not null, unique (label, kind)) strict;
  create table inbox (id integer primary key, groups blob not null) strict;
  create table runs (
    host integer, lane integer, is_list integer, depth integer, rank real, tie integer, url text, id integer,
    class integer not null, next integer not null, asked text,
    primary key (host, lane, is_list, depth, rank, tie, url, id)
  ) strict, without rowid;
  create table bodies (id integer primary key, body blob not null) strict;
  create table targets (
    fp integer primary key, url text not null, asked text, host integer not null, lane integer not null, class integer not null,
    priority real not null, depth integer not null,
    state text not null default 'ready' check (state in ('ready', 'later', 'leased', 'finished')), ready_at integer,
    tries integer not null default 0, token text, expires_at integer, outcome text, reason text,
    etag text, last_modified text, memory text, visited_at integer, version integer not null default 0
  ) strict;
  create index targets_due on targets (ready_at) where state = 'later';
  create index targets_later on targets (lane, ready_at) where state = 'later';
  create table servers (
    id integer primary key, address text unique, opens_at integer, rests_until integer not null default 0, leased_url text, within_until integer
  ) strict;
  create index servers_closed on servers (opens_at) where opens_at is not null;
  create index servers_lent on servers (opens_at) where leased_url is not null;
  create table hosts (
    id integer primary key, host text not null unique, tie integer not null, server integer not null, opens_at integer,
    pages_since_list integer not null default 4
  ) strict;
  create index hosts_held on hosts (opens_at) where opens_at is not null;
  create index hosts_of_server on hosts (server);
  create table lines (
    server integer, lane integer, turn integer not null, tie integer not null, is_open integer not null, primary key (server, lane)
  ) strict, without rowid;
  create index lines_open on lines (lane, turn, tie) where is_open = 1;
  create table waiting (
    host integer, lane integer, server integer not null, turn integer not null, tie integer not null, primary key (host, lane)
  ) strict, without rowid;
  create index waiting_order on waiting (server, lane, turn, tie);
  create table counters (name text primary key, count integer not null) strict, without rowid;
  create table tallies (label text, state text, count integer not null default 0, primary key (label, state)) strict, without rowid;
  create table visits (label text, outcome text, count integer not null default 0, primary key (label, outcome)) strict, without rowid;
  insert into counters values ('seed_lo', random() & 0xffffffff), ('seed_hi', random() & 0xffffffff);
`
