import { z } from 'zod'
import { ListedFile, NamedCounts, StoredObject } from './data-file.ts'
import { DesirabilityJob, LossEvidence } from './desirability.ts'
import { TokenizerRef } from './token-list.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const parent = Sha256.nullable()
const Timestamp = z.iso.datetime()
/** What made an artefact: enough to make it again. */
const Origin = z.strictObject({ code_version: z.string(), config_sha256: Sha256 })

/** By name, as manifests had it before they had pairs. */
// oxlint-disable-next-line orrery/no-open-record -- of former manifests alone
const formerRecord = <Value extends z.ZodType>(value: Value) => z.record(z.string(), value)

const StoredFile = z.strictObject({ key: z.string(), sha256: Sha256, bytes: z.int().positive(), rows: z.int().nonnegative() })
export type StoredFile = z.infer<typeof StoredFile>

/** One miner's whole-job snapshot. Signed: sr25519 of the hotkey over the content address of the manifest without `signature`. */
export const ShardManifest = z.strictObject({
  kind: z.literal('shard'),
  parent,
  origin: Origin,
  hotkey: z.string(),
  job_id: z.string(),
  file: StoredFile,
  written_at: Timestamp,
  /** First and last `datetime` of the rows. */
  datetime_range: z.strictObject({ first: Timestamp, last: Timestamp }).nullable(),
  labels: formerRecord(z.int().positive()),
  /** Near-duplicate clusters met while the snapshot was made, and how many documents they cost. */
  duplicates: z.strictObject({ exact: z.int().nonnegative(), near: z.int().nonnegative(), clusters: z.int().nonnegative() }),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type ShardManifest = z.infer<typeof ShardManifest>

/**
 * What a miner has of one job: its shards, each with the rows that are gone from it. Two snapshots share the files they share.
 * Signed: sr25519 of the hotkey over the content address of the manifest without `signature`.
 */
export const SnapshotManifest = z.strictObject({
  kind: z.literal('snapshot'),
  parent,
  origin: Origin,
  hotkey: z.string(),
  job_id: z.string(),
  written_at: Timestamp,
  /** Oldest first. */
  files: z.array(ListedFile),
  /** Near-duplicate clusters met since the first snapshot, and how many documents they cost. */
  duplicates: z.strictObject({ exact: z.int().nonnegative(), near: z.int().nonnegative(), clusters: z.int().nonnegative() }),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type SnapshotManifest = z.infer<typeof SnapshotManifest>

/** All a miner claims, the object a chain commitment points to: the snapshot of each job by its content address, an object beside it. */
export const SnapshotIndexManifest = z.strictObject({
  kind: z.literal('snapshot-index'),
  parent,
  hotkey: z.string(),
  /** By job, none twice. */
  snapshots: z.array(z.strictObject({ job_id: z.string(), sha256: Sha256 })),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type SnapshotIndexManifest = z.infer<typeof SnapshotIndexManifest>

/** All a miner claimed before it had snapshots: the current shard manifest of each job. */
export const MinerIndexManifest = z.strictObject({
  kind: z.literal('miner-index'),
  parent,
  hotkey: z.string(),
  shards: z.array(ShardManifest),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type MinerIndexManifest = z.infer<typeof MinerIndexManifest>

/** A miner's work order of one cycle: how many finished visits each label shall have in the end. Kept so that a restart goes on with the same cycle. */
export const CycleManifest = z.strictObject({
  kind: z.literal('cycle'),
  parent,
  cycle: z.int().positive(),
  desirability: Sha256,
  /** Label and its visits (any outcome), counted over all cycles, sorted by label; formerly an object. */
  targets: z.union([z.array(z.tuple([z.string(), z.int().nonnegative()])), formerRecord(z.int().nonnegative())]),
  finished: z.boolean(),
})
export type CycleManifest = z.infer<typeof CycleManifest>

export const DesirabilityManifest = z.strictObject({
  kind: z.literal('desirability'),
  parent,
  jobs: z.array(DesirabilityJob).min(1),
  /** Empty for the first list. */
  evidence: z.array(LossEvidence),
  /** The plan and epoch whose loss made this list. */
  caused_by: z.strictObject({ plan_id: Sha256, epoch: z.int().nonnegative() }).nullable(),
})
export type DesirabilityManifest = z.infer<typeof DesirabilityManifest>

/** Scores a validator keeps between cycles. Credibility per Data Universe, 0..1. */
export const ScoresManifest = z.strictObject({
  kind: z.literal('scores'),
  parent,
  block: z.int().nonnegative(),
  miners: z.array(
    z.strictObject({
      hotkey: z.string(),
      credibility: z.number().min(0).max(1),
      raw: z.number().nonnegative(),
      score: z.number().nonnegative(),
      /** Content address of the index that was evaluated. */
      index: Sha256.nullable(),
      passed: z.boolean(),
      failures: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
    }),
  ),
})
export type ScoresManifest = z.infer<typeof ScoresManifest>

/** A version of a dataset: deduplicated over all miners, sorted by id. */
export const DatasetManifest = z.strictObject({
  kind: z.literal('dataset'),
  parent,
  origin: Origin,
  name: z.string(),
  /** Version of the rules its documents were taken by (dataset/ingest/clean.ts); absent: of the first. */
  cleaning: z.int().positive().optional(),
  /** Files of the shards it was made from. */
  sources: z.array(Sha256),
  files: z.array(StoredFile),
  documents: z.int().nonnegative(),
  text_bytes: z.int().nonnegative(),
  labels: formerRecord(z.int().positive()),
  dropped: formerRecord(z.int().positive()),
})
export type DatasetManifest = z.infer<typeof DatasetManifest>

/**
 * A file as a version of a dataset has it, with the dataset's own deletion vector: rows that the miner deleted, that are no documents of the dataset, that are
 * copies of others, or that were not looked at yet. A row may come back: a copy whose better one left.
 */
export const VersionFile = ListedFile.extend({
  /** Rows that were looked at: a large file is taken in portions, first rows first. */
  taken: z.int().nonnegative(),
  /** How many of them are no documents of the dataset, whatever else there is, by reason. */
  refused: NamedCounts,
})
export type VersionFile = z.infer<typeof VersionFile>

/** What a dataset version has of one miner's job. `list`: JSON array of `VersionFile`. */
export const VersionGroup = z.strictObject({
  hotkey: z.string(),
  job_id: z.string(),
  /** Content address of the miner's snapshot that was taken in last; null: the first is not taken in whole yet. */
  snapshot: Sha256.nullable(),
  list: StoredObject,
  files: z.int().nonnegative(),
  documents: z.int().nonnegative(),
  text_bytes: z.int().nonnegative(),
})
export type VersionGroup = z.infer<typeof VersionGroup>

/** A version of a dataset, deduplicated over all miners: their own shards, and for each which of its rows the version has not. Two versions share the lists and files they share. */
export const VersionManifest = z.strictObject({
  kind: z.literal('version'),
  parent,
  origin: Origin,
  name: z.string(),
  /** Version of the rules its documents were taken by (dataset/ingest/clean.ts). */
  cleaning: z.int().positive(),
  /** By hotkey and job, none twice. */
  groups: z.array(VersionGroup),
  /** Ids of the documents that its parent had and it has not: 32 raw bytes each, sorted; null: none. */
  gone: StoredObject.nullable(),
  documents: z.int().nonnegative(),
  text_bytes: z.int().nonnegative(),
  labels: NamedCounts,
  /** Rows of its files that it has not, by reason. */
  dropped: NamedCounts,
})
export type VersionManifest = z.infer<typeof VersionManifest>

/** What a version of the tokens has of one miner's job. `list`: JSON array of `TokenizedFile` (token-list.ts). */
const TokensGroup = z.strictObject({
  hotkey: z.string(),
  job_id: z.string(),
  /** Content address of the dataset's list it was made from: as long as that one stays, so does this. */
  source: Sha256,
  list: StoredObject,
  shards: z.int().nonnegative(),
  /** Of all its shards, deleted documents among them. */
  tokens: z.int().nonnegative(),
  documents: z.int().nonnegative(),
})
export type TokensGroup = z.infer<typeof TokensGroup>

/** The token shards of a version of a dataset. Two versions share the lists and shards they share. */
export const TokenVersionManifest = z.strictObject({
  kind: z.literal('token-version'),
  parent,
  origin: Origin,
  /** The version of the dataset. */
  dataset: Sha256,
  tokenizer: TokenizerRef,
  /** By hotkey and job, none twice. */
  groups: z.array(TokensGroup),
  /** JSON array of `ListedTokenShard`: those that no file of the dataset has any more, and a run still reads. null: none. */
  held: StoredObject.nullable(),
})
export type TokenVersionManifest = z.infer<typeof TokenVersionManifest>

/** Token shards that joined a run together, in an order of their own (trainer-bridge/plan). `list`: JSON array of `GenerationShard` (token-list.ts), in the order of their tokens. */
const Generation = z.strictObject({
  list: StoredObject,
  windows: z.int().nonnegative(),
  /** Places of its order that are done with before this epoch, and after it. */
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
  /** Places between, rising, whose windows meet what was deleted: they are left out. */
  skipped: z.array(z.int().nonnegative()),
  /** Windows it can give to this epoch, at most; `to - from - skipped` of them it does give. */
  supply: z.int().nonnegative(),
})
export type Generation = z.infer<typeof Generation>

/**
 * One epoch of a run: everything its batch k follows from (trainer-bridge/plan), and where the next epoch goes on. Its content address is the plan's id.
 * A run is a line of epochs over tokens that grow; a pass goes once over all of them.
 */
export const EpochManifest = z.strictObject({
  kind: z.literal('epoch'),
  parent,
  /** Version of the rules that make batches of this. */
  algorithm: z.literal(2),
  /** The version of the tokens whose shards have joined, and whose deletions count; `joined`: its number in its line. */
  tokens: Sha256,
  joined: z.int().positive(),
  tokenizer: TokenizerRef,
  geometry: z.strictObject({ rows: z.int().positive(), sequence_tokens: z.int().positive() }),
  seed: z.int().nonnegative(),
  /** 1, 2, 3 … */
  pass: z.int().positive(),
  batches: z.int().positive(),
  /** Batches that were settled of the epochs before. */
  settled_before: z.int().nonnegative(),
  /** By label, none twice. `supply`: batches it can give to this epoch, at most. */
  strata: z.array(z.strictObject({ label: z.string(), weight: z.number().positive(), supply: z.int().nonnegative(), generations: z.array(Generation).min(1) })),
})
export type EpochManifest = z.infer<typeof EpochManifest>

/** The token shards of a dataset version before tokens were made once per file: one stratum (label) per shard. */
const TokensManifest = z.strictObject({
  kind: z.literal('tokens'),
  parent,
  origin: Origin,
  dataset: Sha256,
  tokenizer: z.strictObject({ name: z.string(), fingerprint: Sha256, vocabulary: z.int().positive() }),
  shards: z.array(
    z.strictObject({
      label: z.string(),
      key: z.string(),
      sha256: Sha256,
      bytes: z.int().positive(),
      tokens: z.int().nonnegative(),
      documents: z.int().nonnegative(),
    }),
  ),
})

/** An epoch before runs went on: drawn from the whole of its tokens. */
export const PlanManifest = z.strictObject({
  kind: z.literal('plan'),
  parent,
  tokens: Sha256,
  tokenizer: Sha256,
  geometry: z.strictObject({ rows: z.int().positive(), sequence_tokens: z.int().positive() }),
  seed: z.int().nonnegative(),
  batches: z.int().nonnegative(),
  /** Weights in force from that batch on. */
  weights_log: z.array(z.strictObject({ from_batch: z.int().nonnegative(), weights: formerRecord(z.number().positive()) })).min(1),
  strata: z.array(z.strictObject({ label: z.string(), windows: z.int().positive(), shards: z.array(Sha256).min(1) })),
})
export type PlanManifest = z.infer<typeof PlanManifest>

/** Where a flywheel in one process stands: the last finished step of a turn. */
export const TurnManifest = z.strictObject({
  kind: z.literal('turn'),
  parent,
  turn: z.int().positive(),
  step: z.enum(['started', 'mined', 'validated', 'ingested', 'steered']),
})
export type TurnManifest = z.infer<typeof TurnManifest>

/** Content-addressed JSON (canonical-json.ts). `parent` is the content address of the manifest it follows, null for the first of its line. */
export const Manifest = z.discriminatedUnion('kind', [
  ShardManifest,
  SnapshotManifest,
  SnapshotIndexManifest,
  MinerIndexManifest,
  CycleManifest,
  DesirabilityManifest,
  ScoresManifest,
  DatasetManifest,
  VersionManifest,
  TokensManifest,
  TokenVersionManifest,
  PlanManifest,
  EpochManifest,
  TurnManifest,
])
export type Manifest = z.infer<typeof Manifest>
