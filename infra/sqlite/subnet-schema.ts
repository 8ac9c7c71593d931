/** Tables of what miners and validators keep: findings, scores, what is served and asked for on demand. */

/**
 * What a validator found in the files of miners when it read them all. `facts` of a file are packed rows, `rows` and what follows counts of them. `buckets` sum up the rows
 * that count, by hour. `fetches`: which miner showed a fetch, since which block, in how many rows; `shared`: those that several showed.
 */
export const found = `
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

/**
 * What a validator saw on pages and judged of rows (scraper/validator/evidence.ts). `number` counts on: what has the lowest goes first. `doubt`: JSON; `row`: what a
 * row is known by; `evidence`, `again`: JSON. `looks`: of a page, whoever showed it.
 */
export const evidence = `
  create table miners (miner integer primary key, hotkey text not null unique, doubt text not null) strict;
  create table rows (
    number integer primary key autoincrement, miner integer not null, row text not null, uri text not null, host text not null, job_id text not null, text_bytes integer not null,
    at integer not null, verdict text not null, reason text, is_dated integer not null, evidence text, again text, unique (miner, row)
  ) strict;
  create index rows_miner on rows (miner, number);
  create index rows_again on rows (miner, at) where again is not null;
  create index rows_same on rows (host, number) where verdict = 'same';
  create table looks (
    number integer primary key autoincrement, uri text not null, at integer not null, html text not null, minhash blob not null, changed_at integer
  ) strict;
  create index looks_uri on looks (uri, number);
`

/**
 * What a validator knows of the rows of miners (scraper/validator/row-book/), none of which was kept before in a form that could be taken over: it reads the lists of
 * their files. `taken`: the claim whose files are all there, JSON; `totals` of them, null where something changed since, JSON; `stale` = 1: whom its rows count for must
 * be looked up again; `liar` = 1: it lied of its rows and has not passed since. `columns`: packed rows (row-columns.ts); `counted`: how many of them are paid for. `runs`: those of the sights that count.
 */
export const rowBook = `
  drop table shared;
  drop table fetches;
  drop table buckets;
  drop table files;
  drop table miners;
  create table miners (miner integer primary key, hotkey text not null unique, taken text, totals text, stale integer not null default 0, liar integer not null default 0) strict;
  create table files (
    file integer primary key, miner integer not null, sha256 text not null, key text not null, job_id text not null, bytes integer not null, rows integer not null,
    written_at text not null, deletes text, block integer not null, counted integer not null default 0, counted_bytes integer not null default 0,
    labels text not null, groups text not null, digests blob not null, columns blob not null, unique (miner, sha256)
  ) strict;
  create table buckets (
    file integer, hour integer, label text, rows integer not null, bytes integer not null, primary key (file, hour, label)
  ) strict, without rowid;
  create table runs (name text primary key) strict, without rowid;
  create table looks (one integer primary key check (one = 1), block integer not null) strict;
`

/**
 * `showings` (scraper/validator/row-book/showings.ts): what a miner showed between two evaluations, by the number under which sights are noted; `opened`, `block`: of the first
 * and the last claim in it; `held` = 1: its miner passed with it; `withdrawn` = 1: some of it is claimed no more; `noted`: sights in it, of those of before more than there can be. `files.showing`: 0 = noted in none that stands. `behind`: whom a
 * showing keeps from rows. Until then miners were noted by their own number, also those that were forgotten, whose numbers come never again.
 */
export const showings = `
  create table showings (
    showing integer primary key autoincrement, miner integer not null, opened integer not null, block integer not null, held integer not null default 0,
    withdrawn integer not null default 0, noted integer not null default 0
  ) strict;
  create index showings_miner on showings (miner, held);
  create table behind (showing integer, miner integer, primary key (showing, miner)) strict, without rowid;
  create index behind_miner on behind (miner);
  insert into showings (showing, miner, opened, block, held, noted) select miner, miner, at, at, 1, 1000000000000 from miners, (select coalesce(max(block), 0) as at from looks);
  delete from showings where miner in (select miner from miners where hotkey like '% %');
  delete from miners where hotkey like '% %';
  update miners set stale = 1;
  alter table files add column showing integer not null default 0;
  update files set showing = miner;
  create index files_showing on files (showing);
`

/** On-demand jobs and what was submitted for them (schemas/on-demand.ts). `job` is the record as JSON. */
export const onDemand = `
  create table jobs (id text primary key, created_at integer not null, expire_at integer not null, platform text not null, job text not null) strict, without rowid;
  create index jobs_created on jobs (created_at);
  create index jobs_expire on jobs (expire_at);
  create table submissions (
    job_id text, hotkey text, promised_at integer not null, delivered_at integer, bytes integer, sha256 text, primary key (job_id, hotkey)
  ) strict, without rowid;
`

/** What hotkeys asked of the store access service and sent to it, by days since the epoch (infra/store/access/usage.ts). */
export const usage = `
  create table usage (day integer, hotkey text, requests integer not null, bytes integer not null, primary key (day, hotkey)) strict, without rowid;
`

/**
 * What a validator found of on-demand submissions (scraper/validator/on-demand/outcomes.ts). `turn` numbers them; `doable`: of the stretch of time before `at`, ms
 * since epoch.
 */
export const outcomes = `
  create table outcomes (
    turn integer primary key autoincrement, hotkey text not null, job_id text not null, platform text not null, state text not null, passed integer,
    count integer not null, wanted integer not null, ms integer not null, created_at integer not null, unique (hotkey, job_id)
  ) strict;
  create index outcomes_hotkey on outcomes (hotkey, turn);
  create index outcomes_created on outcomes (created_at);
  create table doable (platform text primary key, jobs integer not null, at integer not null) strict, without rowid;
`

/** Signed requests that came and would be taken again until then, ms since epoch (infra/signed-http/checks.ts). `ordinal`: the last of whoever counts. */
export const requests = `
  create table requests (request blob primary key, about blob not null, until integer not null, ordinal integer) strict, without rowid;
  create index requests_until on requests (until);
  create table counts (one integer primary key check (one = 1), rows integer not null) strict;
  insert into counts values (1, 0);
  create trigger requests_came after insert on requests begin update counts set rows = rows + 1; end;
  create trigger requests_over after delete on requests begin update counts set rows = rows - 1; end;
`

/**
 * Which buckets a miner has (scraper/miner/server). `listed`: a file and its deletion vector, as JSON. `positions` of the rows of a bucket in a file: u32,
 * little-endian, ascending; `bytes` of their texts. No label is empty: that is none.
 */
export const served = `
  create table files (file integer primary key autoincrement, name text not null unique, listed text not null, shown integer not null default 0) strict;
  create table parts (
    source integer, hour integer, label text, file integer, bytes integer not null, positions blob not null, primary key (source, hour, label, file)
  ) strict, without rowid;
  create index parts_file on parts (file);
`

/**
 * What a validator's scores are made of (scraper/validator/scoring/score-book.ts). `earned`: text of own rows, by hour, label and job, of who passed; `totals` sum them up over
 * all miners; `staged`: of an evaluation that is not finished. `round`: the cycle that is under way; `outcomes`: what it has found so far. `submissions`: weights that are not confirmed yet.
 */
export const scoring = `
  create table miners (miner integer primary key, hotkey text not null unique, evaluated_at integer) strict;
  create table earned (
    miner integer, hour integer, label text, job_id text, rows integer not null, bytes integer not null, primary key (miner, hour, label, job_id)
  ) strict, without rowid;
  create table staged (
    miner integer, hour integer, label text, job_id text, rows integer not null, bytes integer not null, primary key (miner, hour, label, job_id)
  ) strict, without rowid;
  create table totals (hour integer, label text, bytes integer not null, primary key (hour, label)) strict, without rowid;
  create table round (number integer primary key, block integer not null) strict;
  create table outcomes (miner integer primary key, outcome text not null) strict;
  create table submissions (submission integer primary key, weights text not null) strict;
`

/** Posts of platforms by job (scraper/posts/kept-posts.ts): `row` as its columns have it, JSON; `changes` counts how often a job's rows changed, `uploaded` says up to which. */
export const posts = `
  create table jobs (job text primary key, rows integer not null default 0, changes integer not null default 0, key text, uploaded integer not null default 0) strict, without rowid;
  create table posts (
    job text, url text, datetime integer not null, platform text not null check (platform in ('reddit', 'x')), row text not null, primary key (job, url)
  ) strict, without rowid;
  create index posts_datetime on posts (job, datetime, url);
`
