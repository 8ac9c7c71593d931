import { frontierTables } from '../frontier/schema.ts'

/**
 * The tables of each kind of engine file. `steps[i]` brings a file from version i to i + 1, so the supported version is `steps.length`;
 * a released step is never edited, a change is a new one. Text compares as bytes of UTF-8 (SQLite's BINARY collation).
 */
export interface FileSchema {
  kind: string
  /** Stands in the file's header, so that a file of one kind is not taken for another ("Orr" + one letter). */
  applicationId: number
  steps: readonly string[]
}

/**
 * `messages.state`: ready, later (waits for ready_at), leased, done, dead. `id` is the order of adding. A message that is done has no body any more;
 * what ended is forgotten after a time (queue/sqlite.ts), `tallies` count it for ever.
 */
const queue = `
  create table messages (
    id integer primary key autoincrement, queue text not null, key text not null, body text,
    state text not null default 'ready' check (state in ('ready', 'later', 'leased', 'done', 'dead')), ready_at integer,
    attempt integer not null default 0, token text, leased_at integer, expires_at integer, reason text, ended_at integer, unique (queue, key)
  ) strict;
  create index messages_ready on messages (queue, id) where state = 'ready';
  create index messages_later on messages (queue, ready_at) where state = 'later';
  create index messages_leased on messages (queue, expires_at) where state = 'leased';
  create index messages_lent on messages (queue, leased_at) where state = 'leased';
  create index messages_ended on messages (ended_at) where ended_at is not null;
  create table tallies (queue text, state text, count integer not null default 0, primary key (queue, state)) strict, without rowid;
  create trigger messages_added after insert on messages begin
    insert into tallies values (new.queue, new.state, 1) on conflict do update set count = count + 1;
  end;
  create trigger messages_moved after update of state on messages when old.state <> new.state begin
    update tallies set count = count - 1 where queue = old.queue and state = old.state;
    insert into tallies values (new.queue, new.state, 1) on conflict do update set count = count + 1;
  end;
`

/** Of a column that holds a manifest: whether it says no more than where a process stands. */
const isWorking = (column: string): string => `json_extract(${column}, '$.kind') in ('cycle', 'turn', 'scores')`

/** `lines` holds the head of each name. */
const catalog = `
  create table entries (
    name text not null, version integer not null, sha256 text not null, manifest text not null, primary key (name, version), unique (name, sha256)
  ) strict, without rowid;
  create table lines (name text primary key, version integer not null, sha256 text not null) strict, without rowid;
  create trigger entries_kept before delete on entries when not ${isWorking('old.manifest')} begin select raise(abort, 'entries are append-only'); end;
  create trigger entries_fixed before update on entries begin select raise(abort, 'entries are append-only'); end;
`

/** Entries have a time (those of before: when they were brought here) and may be expired, all but heads. Manifests lie beside the tree that finds them. */
const catalogTimes = `
  create table timed (
    name text not null, version integer not null, sha256 text not null, committed_at integer not null, manifest text not null,
    primary key (name, version), unique (name, sha256)
  ) strict;
  insert into timed select name, version, sha256, unixepoch() * 1000, manifest from entries order by name, version;
  drop table entries;
  alter table timed rename to entries;
  create trigger entries_kept before delete on entries when exists (select 1 from lines where name = old.name and version = old.version) begin
    select raise(abort, 'a line keeps its head');
  end;
  create trigger entries_fixed before update on entries begin select raise(abort, 'entries are fixed'); end;
`

/** `events` is append-only and says when each batch was in which state; at most one settlement per (plan, epoch, batch), by two unique indexes. */
const ledger = `
  create table epochs (
    plan_id text, epoch integer, fence integer not null, closed integer not null default 0, labels_sha256 text not null, primary key (plan_id, epoch)
  ) strict, without rowid;
  create table batches (
    plan_id text, epoch integer, batch integer, label text not null,
    state text not null check (state in ('planned', 'leased', 'trained', 'settled', 'expired', 'nacked', 'void')),
    token text, node text, leased_at integer, expires_at integer, available_until integer, primary key (plan_id, epoch, batch)
  ) strict, without rowid;
  create index batches_free on batches (plan_id, epoch, batch) where state in ('planned', 'expired', 'nacked');
  create index batches_leased on batches (plan_id, epoch, expires_at) where state = 'leased';
  create table settlements (
    id integer primary key autoincrement, plan_id text not null, epoch integer not null, batch integer not null, node text not null, token text not null,
    loss real not null, tokens integer not null, settled_at integer not null, unique (plan_id, epoch, batch)
  ) strict;
  create table events (
    id integer primary key autoincrement, plan_id text not null, epoch integer not null, batch integer not null, state text not null,
    at integer not null, node text, reason text
  ) strict;
  create unique index events_settled on events (plan_id, epoch, batch) where state = 'settled';
  create trigger events_kept before delete on events begin select raise(abort, 'events are append-only'); end;
  create trigger events_fixed before update on events begin select raise(abort, 'events are append-only'); end;
  create trigger settlements_kept before delete on settlements begin select raise(abort, 'settlements are final'); end;
  create trigger settlements_fixed before update on settlements begin select raise(abort, 'settlements are final'); end;
`

/**
 * A batch has a row from its first lease on: all below `leased` of its epoch have one. `settled` counts settlements. `ended` numbers the epochs in the order they
 * were closed; `kept`: 1 = with all its batches, 2 = they are being deleted, 0 = only this row is left.
 */
const ledgerByCounts = `
  drop table events;
  drop trigger settlements_kept;
  alter table epochs add column batches integer not null default 0;
  alter table epochs add column leased integer not null default 0;
  alter table epochs add column settled integer not null default 0;
  alter table epochs add column ended integer;
  alter table epochs add column kept integer not null default 1;
  update epochs set
    batches = (select count(*) from batches b where b.plan_id = epochs.plan_id and b.epoch = epochs.epoch),
    settled = (select count(*) from settlements s where s.plan_id = epochs.plan_id and s.epoch = epochs.epoch),
    leased = (select coalesce(max(batch) + 1, 0) from batches b where b.plan_id = epochs.plan_id and b.epoch = epochs.epoch and b.state not in ('planned', 'void'));
  update epochs set ended = (
    select count(*) from epochs e where e.closed and (e.epoch < epochs.epoch or (e.epoch = epochs.epoch and e.plan_id <= epochs.plan_id))
  ) where closed;
  delete from batches where state in ('planned', 'void');
  drop index batches_free;
  alter table batches drop column label;
  alter table epochs drop column labels_sha256;
  alter table batches add column reason text;
  create index batches_unsettled on batches (plan_id, epoch, state, batch) where state <> 'settled';
  create index settlements_of on settlements (plan_id, epoch, id);
  create unique index epochs_ended on epochs (ended) where ended is not null;
  create index epochs_kept on epochs (ended) where ended is not null and kept > 0;
  create trigger settlements_kept before delete on settlements when (select kept from epochs where plan_id = old.plan_id and epoch = old.epoch) = 1
    begin select raise(abort, 'settlements are final'); end;
`

/** What is known of hosts for a time (host-notes.ts). */
const notes = `
  create table notes (kind text, host text, text text not null, until integer not null, primary key (kind, host)) strict, without rowid;
  create index notes_until on notes (until);
`

/**
 * What is remembered of hosts, as numbers (scraper/discovery/host-marks.ts). `groups` counts the marks of a host and a kind, and says when the last new one came,
 * by a count that goes on.
 */
const marks = `
  create table marks (host integer, kind integer, topic integer, mark integer, value integer not null, primary key (host, kind, topic, mark)) strict, without rowid;
  create table groups (host integer, kind integer, marks integer not null, grown integer not null, primary key (host, kind)) strict, without rowid;
  create index groups_grown on groups (grown);
`

/**
 * What a sweep noted (infra/sweep/sweep.ts). `unnamed`: keys that nothing named since that time. `looks`: when the last was, and the time it was by then, both
 * ms since epoch.
 */
const sweep = `
  create table unnamed (key text primary key, since integer not null) strict, without rowid;
  create table looks (one integer primary key check (one = 1), wall integer not null, steady integer not null) strict;
`

/**
 * What is known of the rows of a corpus (schemas/corpus-index.ts). `texts` and `files` number what many rows name. `state`: 0 live, 1 shadowed, 2 remembered.
 * `cluster` is null for a row that is like no other. `twin`: the row of the very same signature that stands in the postings for this one as well. `joins` has
 * each pair both ways. `gone`: bitmaps of 4096 ordinals that were forgotten. `runs`: those of infra/corpus-index/hash-sets.ts that count. `facts`: how many
 * rows there are, and what is pending.
 */
const corpus = `
  create table texts (number integer primary key, text text not null unique) strict;
  create table files (number integer primary key, sha256 blob not null unique) strict;
  create table rows (
    ordinal integer primary key, id blob not null, uri text not null, hotkey integer not null, job integer not null, label integer not null,
    version integer not null, fetched_at integer not null, published_at integer, text_bytes integer not null, address_fit integer not null, html blob not null,
    state integer not null, file integer, position integer, cluster integer, twin integer
  ) strict;
  create unique index rows_place on rows (file, position) where file is not null;
  create index rows_cluster on rows (cluster, state) where cluster is not null;
  create table signatures (ordinal integer primary key, signature blob not null) strict;
  create table joins (a integer, b integer, primary key (a, b)) strict, without rowid;
  create table gone (part integer primary key, bits blob not null) strict;
  create table withdrawn (uri text primary key, version integer not null) strict, without rowid;
  create table runs (folder text, name text, primary key (folder, name)) strict, without rowid;
  create table facts (name text primary key, value text not null) strict, without rowid;
`

/**
 * What a validator found in the files of miners (scraper/validator/found-files.ts). `facts` of a file are packed rows (file-facts.ts), `rows` and what follows counts of them. `buckets` sum up the rows
 * that count, by hour. `fetches`: which miner showed a fetch, since which block, in how many rows; `shared`: those that several showed.
 */
const found = `
  create table miners (miner integer primary key, hotkey text not null unique) strict;
  create table files (
    file integer primary key, miner integer not null, sha256 text not null, deletes text, jobs text not null, job_id text not null,
    labels text not null, failures text not null, wrong text not null, rows integer not null, repeats integer not null, strangers integer not null,
    empty integer not null, facts blob not null
  ) strict;
  create index files_miner on files (miner);
  create table buckets (
    miner integer, job_id text, hour integer, label text, bytes integer not null, primary key (miner, job_id, hour, label)
  ) strict, without rowid;
  create table fetches (fetch integer, miner integer, block integer not null, rows integer not null, primary key (fetch, miner)) strict, without rowid;
  create index fetches_miner on fetches (miner);
  create table shared (fetch integer primary key) strict;
`

export const fileSchemas = {
  frontier: { kind: 'frontier', applicationId: 0x4f727246, steps: [frontierTables] },
  queue: { kind: 'queue', applicationId: 0x4f727251, steps: [queue] },
  catalog: { kind: 'catalog', applicationId: 0x4f727243, steps: [catalog, catalogTimes] },
  ledger: { kind: 'ledger', applicationId: 0x4f72724c, steps: [ledger, ledgerByCounts] },
  notes: { kind: 'notes', applicationId: 0x4f727248, steps: [notes] },
  corpus: { kind: 'corpus index', applicationId: 0x4f727249, steps: [corpus] },
  marks: { kind: 'marks', applicationId: 0x4f72724d, steps: [marks] },
  found: { kind: 'findings of a validator', applicationId: 0x4f727256, steps: [found] },
  sweep: { kind: 'sweep', applicationId: 0x4f727253, steps: [sweep] },
} as const satisfies Record<string, FileSchema>
