import type { FileSchema } from '#infra/sqlite/schema.ts'

/**
 * `chain`: one row, the head. `accounts.stake`, `neurons.emission` and the owner's account are rao in decimal text: they outgrow a double.
 * `neurons.pruning` is the emission of the last epoch: the lowest loses its uid first.
 * `extrinsics` is every call that was included of late, signed as it came.
 */
const tables = `
  create table chain (
    id integer primary key check (id = 1), genesis_ms integer not null, genesis_hash text not null, parameters text not null,
    head integer not null default 0, last_epoch integer not null default 0, owner_emission text not null default '0'
  ) strict;
  create table accounts (address text primary key, nonce integer not null default 0, stake text not null default '0') strict, without rowid;
  create table neurons (
    uid integer primary key, hotkey text not null unique, coldkey text not null, registered_at integer not null, permit integer not null default 0,
    last_update integer not null default 0, ip text, port integer, served_at integer not null default 0, weights text not null default '[]',
    incentive integer not null default 0, dividends integer not null default 0, emission text not null default '0', pruning text not null default '0'
  ) strict;
  create table commitments (hotkey text primary key, data blob not null, block integer not null, epoch integer not null, spent integer not null) strict, without rowid;
  create table extrinsics (
    id integer primary key, block integer not null, signer text not null, nonce integer not null, call text not null, signature blob not null,
    digest blob not null, unique (signer, nonce)
  ) strict;
  create index extrinsics_block on extrinsics (block);
  create trigger extrinsics_kept before delete on extrinsics begin select raise(abort, 'extrinsics are append-only'); end;
  create trigger extrinsics_fixed before update on extrinsics begin select raise(abort, 'extrinsics are append-only'); end;
`

/**
 * `changed_at`: the block in which the metagraph last changed. `past`: the metagraph from one such block to the next, `neurons` as rows of
 * local-tables.ts in JSON. Of a chain that was there before, what it was before its head is not known. Calls are forgotten after a time.
 */
const past = `
  alter table chain add column changed_at integer not null default 0;
  update chain set changed_at = head;
  drop trigger extrinsics_kept;
  create table past (since integer primary key, last_epoch integer not null, neurons text not null) strict;
`

/**
 * `salts`: what the hashes of the blocks from `since` on are made with, drawn when the first of them was made: nobody could know it before. Of a chain that was
 * there before, those of its past are drawn anew. `neurons.commits`: [hash, block] of each weight commitment that is not revealed.
 */
const salts = `
  create table salts (since integer primary key, salt blob not null) strict;
  insert into salts select 0, randomblob(32) from chain;
  alter table extrinsics drop column digest;
  alter table neurons add column commits text not null default '[]';
`

export const localChainSchema = { kind: 'local chain', applicationId: 0x4f72724e, steps: [tables, past, salts] } as const satisfies FileSchema
