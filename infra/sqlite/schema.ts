import { frontierTables } from '../frontier/schema.ts'
import { evidence, found, onDemand, outcomes, posts, requests, rowBook, scoring, served, showings, usage } from './subnet-schema.ts'

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

/** The time of an entry may be set back: where a clock that was far ahead made it (catalog/sqlite.ts). */
const catalogTimesSetBack = `
  drop trigger entries_fixed;
  create trigger entries_fixed before update on entries
  when new.committed_at > old.committed_at or (new.name, new.version, new.sha256, new.manifest) <> (old.name, old.version, old.sha256, old.manifest) begin
    select raise(abort, 'entries are fixed');
  end;
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

/**
 * A batch has a row in `batches` while it is lent or waits for another node: all below `begun` of its epoch, and `ahead` beyond it, have one, or were settled. `epochs` counts them by state;
 * `leases`, `nodes`, `failures` say how many numbers of each were given, `ended` numbers the epochs in the order they were closed. `kept`: 2 = open, 1 = closed,
 * what was settled and what failed is kept, 0 = only this row; `untidy` = 1 while there may be rows that are kept no longer. `turn` of a batch that waits: 0 = before
 * those that nobody had, else after them, the lowest first. `requests.leases`: JSON, [[batch, lease], …]. The order of `waiting` is that of its tickets.
 * Whoever has `secret` can make the token of a lease.
 */
const ledgerByRows = `
  alter table epochs rename to former_epochs;
  alter table batches rename to former_batches;
  alter table settlements rename to former_settlements;
  drop trigger settlements_kept;
  drop trigger settlements_fixed;
  drop index batches_leased;
  drop index batches_unsettled;
  drop index settlements_of;
  drop index epochs_ended;
  drop index epochs_kept;
  create table secrets (one integer primary key check (one = 1), secret blob not null) strict;
  insert into secrets values (1, randomblob(32));
  create table epochs (
    id integer primary key, plan_id text not null, epoch integer not null, fence integer not null default 1, batches integer not null, attempts_max integer not null,
    begun integer not null default 0, ahead integer not null default 0, leased integer not null default 0, trained integer not null default 0, settled integer not null default 0,
    expired integer not null default 0, nacked integer not null default 0, void integer not null default 0, holding integer not null default 0, waiting integer not null default 0,
    leases integer not null default 0, nodes integer not null default 0, failures integer not null default 0, ttl_ms integer not null default 0,
    ended integer, kept integer not null default 2, untidy integer not null default 0, unique (plan_id, epoch)
  ) strict;
  create index epochs_ended on epochs (ended) where ended is not null;
  create index epochs_untidy on epochs (id) where untidy = 1;
  create table batches (
    epoch integer, batch integer, state text not null check (state in ('leased', 'trained', 'expired', 'nacked', 'void')), node integer, lease integer,
    expires_at integer, until integer, loss real, tokens integer, attempts integer not null, nacks integer not null default 0,
    expiries integer not null default 0, turn integer, primary key (epoch, batch)
  ) strict, without rowid;
  create index batches_expiring on batches (epoch, expires_at) where expires_at is not null;
  create index batches_held on batches (epoch, node, lease) where expires_at is not null;
  create index batches_free on batches (epoch, turn, batch) where turn is not null;
  create table settlements (
    epoch integer, place integer, batch integer not null, node integer not null, lease integer not null, loss real not null, tokens integer not null,
    settled_at integer not null, primary key (epoch, place)
  ) strict, without rowid;
  create unique index settlements_once on settlements (epoch, batch);
  create table failures (
    epoch integer, place integer, batch integer not null, node integer not null, lease integer not null, why text not null, reason text not null,
    is_last integer not null, failed_at integer not null, primary key (epoch, place)
  ) strict, without rowid;
  create index failures_of on failures (epoch, batch);
  create table nodes (
    epoch integer, node integer, name text not null, outstanding integer not null default 0, settled integer not null default 0, tokens integer not null default 0,
    loss real not null default 0, last text not null default '[]', expired integer not null default 0, nacked integer not null default 0, primary key (epoch, node)
  ) strict, without rowid;
  create unique index nodes_name on nodes (epoch, name);
  create index nodes_holding on nodes (epoch, outstanding) where outstanding > 0;
  create table labels (
    epoch integer, name text, settled integer not null default 0, tokens integer not null default 0, loss real not null default 0, last text not null default '[]',
    primary key (epoch, name)
  ) strict, without rowid;
  create table requests (
    number integer primary key, epoch integer not null, node integer not null, id text not null, at integer not null, leases text not null, unique (epoch, node, id)
  ) strict;
  create index requests_of on requests (epoch, node);
  create table waiting (ticket integer primary key, epoch integer not null, name text not null, until integer not null, unique (epoch, name)) strict;
  create index waiting_in on waiting (epoch);

  insert into epochs (plan_id, epoch, fence, batches, attempts_max, begun, settled, ended, kept, untidy)
    select plan_id, epoch, fence, batches, 5, leased, settled, ended, case when closed = 0 then 2 when kept = 1 then 1 else 0 end, 0 from former_epochs;
  create temporary table former_nodes as
    select plan_id, epoch, node, dense_rank() over (partition by plan_id, epoch order by node) as number from former_settlements group by plan_id, epoch, node;
  insert into nodes (epoch, node, name, settled, tokens, loss)
    select e.id, n.number, n.node, count(*), sum(s.tokens), sum(s.loss) from former_settlements s join epochs e using (plan_id, epoch)
    join former_nodes n on n.plan_id = s.plan_id and n.epoch = s.epoch and n.node = s.node where e.kept > 0 group by e.id, n.number;
  update epochs set nodes = (select count(*) from nodes n where n.epoch = epochs.id);
  insert into settlements
    select e.id, row_number() over (partition by e.id order by s.id), s.batch, n.number, 0, s.loss, s.tokens, s.settled_at
    from former_settlements s join epochs e using (plan_id, epoch)
    join former_nodes n on n.plan_id = s.plan_id and n.epoch = s.epoch and n.node = s.node where e.kept > 0;
  insert into batches (epoch, batch, state, attempts, nacks, turn)
    select e.id, b.batch, case b.state when 'nacked' then 'nacked' else 'expired' end, 1, b.state = 'nacked', b.state = 'nacked'
    from former_batches b join epochs e using (plan_id, epoch) where e.kept = 2 and b.state <> 'settled';
  update epochs set
    expired = (select count(*) from batches b where b.epoch = epochs.id and b.state = 'expired'),
    nacked = (select count(*) from batches b where b.epoch = epochs.id and b.state = 'nacked');
  drop table former_nodes;
  drop table former_epochs;
  drop table former_batches;
  drop table former_settlements;
  create trigger settlements_kept before delete on settlements when (select kept from epochs where id = old.epoch) > 0
    begin select raise(abort, 'settlements are final'); end;
  create trigger settlements_fixed before update on settlements begin select raise(abort, 'settlements are final'); end;
`

/** `voice`: whose word the node's is (infra/ledger/voices.ts). `voices`: when each last got a lease, or kept one, in an epoch that is open. */
const ledgerByVoices = `
  alter table nodes add column voice text not null default '';
  update nodes set voice = 'node ' || name;
  create table voices (epoch integer, name text, seen integer not null, primary key (epoch, name)) strict, without rowid;
  create index voices_seen on voices (epoch, seen);
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

/** `seen`: number of the sight at which a dataset saw a row first. */
const corpusSights = `alter table rows add column seen integer not null default 0`

/**
 * What is known of the rows of a dataset (dataset/query/index): of each document of its kept versions where it stands, what it is found by, and all of it but its texts,
 * packed. A row is in versions `since` .. `until` − 1; `until` is 2^31 − 1 while it is in the newest. `names` number the values of a field; `folded` is what is compared. `live` of a
 * file: a bit for each row that the newest version has. `words`: lists of a segment (dataset/query/words/postings.ts); only segments that are `ready` count; `checksum` is their CRC-32. `facts`: which version is in it.
 */
const rows = `
  create table facts (name text primary key, value text not null) strict, without rowid;
  create table groups (number integer primary key, hotkey text not null, job text not null, list text not null, unique (hotkey, job)) strict;
  create table files (
    number integer primary key, owner integer not null, key text not null, bytes integer not null, rows integer not null, deletes text not null, seen integer not null,
    live blob not null, unique (owner, key)
  ) strict;
  create table names (number integer primary key, field text not null, value text not null, folded text not null, unique (field, value)) strict;
  create index names_folded on names (field, folded);
  create table rows (
    number integer primary key, file integer not null, position integer not null, since integer not null, until integer not null, id blob not null, uri integer not null,
    label integer not null, host integer not null, lang integer not null, licence integer not null, source integer not null, datetime integer not null,
    fetched_at integer not null, text_bytes integer not null, quality real not null, checksum integer not null
  ) strict;
  create index rows_place on rows (file, position);
  create index rows_id on rows (id);
  create index rows_uri on rows (uri);
  create index rows_until on rows (until) where until < 2147483647;
  create table documents (number integer primary key, packed blob not null) strict;
  create table segments (number integer primary key, level integer not null, ready integer not null) strict;
  create table words (segment integer, word text, postings blob not null, checksum integer not null, primary key (segment, word)) strict, without rowid;
`

/**
 * Keys of the query API (schemas/api-keys.ts). `former_sha256`: what a rotation took the place of, good until `former_until`. `requests` are those of `minute`,
 * `bytes` those of `day`, both counted since the epoch.
 */
const keys = `
  create table keys (
    id text primary key, name text not null, sha256 blob not null, former_sha256 blob, former_until integer, scopes text not null,
    requests_per_minute integer, bytes_per_day integer, created_at integer not null, expires_at integer, revoked_at integer, last_used_at integer,
    minute integer not null default 0, requests integer not null default 0, day integer not null default 0, bytes integer not null default 0
  ) strict, without rowid;
`

/**
 * The nodes of the feed (schemas/nodes.ts). `former_token`: what another took the place of, good until `former_until`. `days`: by days since the epoch. `booked`: how
 * far the history has read the lists of a plan; `turn` numbers them by their last change.
 */
const nodes = `
  create table nodes (
    node text primary key, owner text not null, operator text not null, via text not null check (via in ('open', 'token', 'hotkey')),
    joined_at integer not null, seen_at integer not null, draining integer not null default 0,
    token blob, former_token blob, former_until integer
  ) strict, without rowid;
  create index nodes_owner on nodes (owner, seen_at);
  create unique index nodes_token on nodes (token) where token is not null;
  create index nodes_former on nodes (former_token) where former_token is not null;
  create table days (
    node text, day integer, settled integer not null, tokens integer not null, loss_sum real not null, lost integer not null, returned integer not null,
    primary key (node, day)
  ) strict, without rowid;
  create index days_day on days (day);
  create table booked (plan_id text primary key, settlements integer not null, failures integer not null, turn integer not null) strict, without rowid;
  create index booked_turn on booked (turn);
`

/** By which registration a name was taken: a hash of its request's id. */
const nodesJoinedBy = `alter table nodes add column joined_by text;`

/** What counts as one owner of names: `name ` and `hotkey ` are all of these together. How many names each kind has is kept, for counting them takes the longer the more there are. */
const nodesByKind = `
  alter table nodes add column kind text generated always as (
    case when substr(owner, 1, 5) = 'name ' then 'name ' when substr(owner, 1, 7) = 'hotkey ' then 'hotkey ' else owner end) virtual;
  drop index nodes_owner;
  create index nodes_kind on nodes (kind, seen_at);
  create table kinds (kind text primary key, names integer not null) strict, without rowid;
  insert into kinds select kind, count(*) from nodes group by kind;
  create trigger nodes_come after insert on nodes begin insert into kinds values (new.kind, 1) on conflict do update set names = names + 1; end;
  create trigger nodes_go after delete on nodes begin
    update kinds set names = names - 1 where kind = old.kind;
    delete from kinds where kind = old.kind and names = 0;
  end;
`

/** What trainers say of where they stand (schemas/consumers.ts). */
const consumers = `
  create table consumers (
    job text, name text, owner text not null, state text not null, version integer not null, updated_at integer not null, primary key (job, name)
  ) strict, without rowid;
  create index consumers_owner on consumers (owner);
`

export const fileSchemas = {
  posts: { kind: 'posts of platforms', applicationId: 0x4f72725a, steps: [posts] },
  frontier: { kind: 'frontier', applicationId: 0x4f727246, steps: [frontierTables] },
  queue: { kind: 'queue', applicationId: 0x4f727251, steps: [queue] },
  catalog: { kind: 'catalog', applicationId: 0x4f727243, steps: [catalog, catalogTimes, catalogTimesSetBack] },
  ledger: { kind: 'ledger', applicationId: 0x4f72724c, steps: [ledger, ledgerByCounts, ledgerByRows, ledgerByVoices] },
  notes: { kind: 'notes', applicationId: 0x4f727248, steps: [notes] },
  corpus: { kind: 'corpus index', applicationId: 0x4f727249, steps: [corpus, corpusSights] },
  marks: { kind: 'marks', applicationId: 0x4f72724d, steps: [marks] },
  found: { kind: 'findings of a validator', applicationId: 0x4f727256, steps: [found, rowBook, showings] },
  evidence: { kind: 'evidence of a validator', applicationId: 0x4f727245, steps: [evidence] },
  rows: { kind: 'index of a dataset', applicationId: 0x4f727252, steps: [rows] },
  keys: { kind: 'keys of the API', applicationId: 0x4f72724b, steps: [keys] },
  nodes: { kind: 'nodes of the feed', applicationId: 0x4f72724a, steps: [nodes, nodesJoinedBy, nodesByKind] },
  consumers: { kind: 'states of trainers', applicationId: 0x4f727250, steps: [consumers] },
  onDemand: { kind: 'on-demand jobs', applicationId: 0x4f72724f, steps: [onDemand] },
  outcomes: { kind: 'on-demand outcomes', applicationId: 0x4f727259, steps: [outcomes] },
  usage: { kind: 'usage of the store', applicationId: 0x4f727255, steps: [usage] },
  requests: { kind: 'signed requests', applicationId: 0x4f727254, steps: [requests] },
  served: { kind: 'buckets of a miner', applicationId: 0x4f727241, steps: [served] },
  scoring: { kind: 'scores of a validator', applicationId: 0x4f727257, steps: [scoring] },
  sweep: { kind: 'sweep', applicationId: 0x4f727253, steps: [sweep] },
} as const satisfies Record<string, FileSchema>
