/**
 * `log`: the fingerprints of all URLs (seen.ts). `classes`: labels with kinds (labels.ts).
 * `inbox`: what was added and is not yet sorted in (queue.ts).
 * `runs`, `bodies`: what is ready, in sorted runs (queue.ts).
 * `targets`: URLs that were claimed, raised or brought nearer, by fingerprint. `state`: ready = has an entry in a run; later = waits for ready_at; leased;
 * finished = not again, unless it changes. `lane`: what a claim filters by.
 * `hosts.is_open` = 0 while the host is lent or rests, until opens_at. `addresses`: the rests of IP addresses, and how long each rests when one of its
 * hosts is lent.
 * `heads`: the best ready target per lane of each open host: what can be claimed now, so that a claim is one index seek.
 * `tallies`: how many pages of a label are in a state; `visits`: how many ended how; `counters`: see labels.ts, and the seed of the fingerprints (seen-set.ts),
 * which nobody outside knows: SQLite's random() is seeded by the system.
 */
export const frontierTables = `
  create table log (first integer primary key, entries blob not null) strict;
  create table classes (id integer primary key, label text not null, kind text not null, unique (label, kind)) strict;
  create table inbox (id integer primary key, groups blob not null) strict;
  create table runs (
    host integer, lane integer, rank real, url text, id integer, class integer not null, depth integer not null, next integer not null,
    asked text, primary key (host, lane, rank, url, id)
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
  create index addresses_idle on addresses (rests_until) where delay_ms = 0;
  create table heads (host integer, lane integer, rank real not null, url text not null, primary key (host, lane)) strict, without rowid;
  create index heads_order on heads (rank, url);
  create index heads_lane_order on heads (lane, rank, url);
  create table counters (name text primary key, count integer not null) strict, without rowid;
  create table tallies (label text, state text, count integer not null default 0, primary key (label, state)) strict, without rowid;
  create table visits (label text, outcome text, count integer not null default 0, primary key (label, outcome)) strict, without rowid;
  insert into counters values ('seed_lo', random() & 0xffffffff), ('seed_hi', random() & 0xffffffff);
`
