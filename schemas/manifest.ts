import { z } from 'zod'
import { ListedFile, NamedCounts, StoredObject } from './data-file.ts'
import { DesirabilityJob, LossEvidence } from './desirability.ts'
import { Voices } from './desirability-voices.ts'
import { EpochManifest, FormerEpochManifest } from './epoch-manifest.ts'
import { GravityManifest } from './gravity.ts'
import { ListTree } from './list-tree.ts'
import { Network } from './network.ts'
import { ReceiptManifest } from './receipt.ts'
import { SteeringManifest } from './steering.ts'
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
  /** Absent: signed before manifests named it, or on no chain. */
  network: Network.optional(),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type SnapshotManifest = z.infer<typeof SnapshotManifest>

/** All a miner claims, the object a chain commitment points to: the snapshot of each job by its content address, an object beside it. */
export const SnapshotIndexManifest = z.strictObject({
  kind: z.literal('snapshot-index'),
  parent,
  hotkey: z.string(),
  /** By the clock of the chain: that of the block before which it was committed, or one of the hour before that. Absent: of before it was told. */
  written_at: Timestamp.optional(),
  /** By job, none twice. */
  snapshots: z.array(z.strictObject({ job_id: z.string(), sha256: Sha256 })),
  /** Absent: signed before manifests named it, or on no chain. */
  network: Network.optional(),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type SnapshotIndexManifest = z.infer<typeof SnapshotIndexManifest>

/** All a miner claimed before it had snapshots: the current shard manifest of each job. */
const MinerIndexManifest = z.strictObject({
  kind: z.literal('miner-index'),
  parent,
  hotkey: z.string(),
  shards: z.array(ShardManifest),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})

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
  /** Of a list that validators voted on: whose word each weight is. Absent: the weights are the default ones, as the loss moved them. */
  voices: Voices.optional(),
  /** Empty for the first list. */
  evidence: z.array(LossEvidence),
  /** The plan and epoch whose loss made this list. */
  caused_by: z.strictObject({ plan_id: Sha256, epoch: z.int().nonnegative() }).nullable(),
})
export type DesirabilityManifest = z.infer<typeof DesirabilityManifest>

const share = z.number().min(0).max(1)
const amount = z.number().nonnegative()

/** What a validator remembers of a miner beside the index channel. Absent in manifests of the version before, which knew no other. */
const Standing = z.strictObject({
  /** Bytes as the store channel counts them, at the last evaluation that passed. */
  store: z.strictObject({ credibility: share, effective_bytes: amount }),
  /** `cursor`: how far its answers are counted. */
  on_demand: z.strictObject({ credibility: share, boost: amount, coverage: share, cursor: z.int().nonnegative() }),
  /** Pages looked at since it came, or since the last draw that failed. */
  looks: z.int().nonnegative(),
  /** Evaluations in a row in which too little could be judged. */
  unjudged: z.int().nonnegative(),
  /** Share of its drawn pages that hold what their rows say, averaged over evaluations; absent: none was looked at, or by a version before. */
  confirmed: share.optional(),
  /** What the score is the sum of, before it is lowered for want of proof. */
  parts: z.strictObject({ index: amount, store: amount, on_demand: amount }),
})

/** Scores a validator keeps between cycles. Credibility per Data Universe, 0..1; `credibility` and `raw` are those of the index channel. */
export const ScoresManifest = z.strictObject({
  kind: z.literal('scores'),
  parent,
  /** Of the metagraph that was evaluated. */
  block: z.int().nonnegative(),
  /** How many cycles of this validator there were, this one among them; absent in manifests of the version before. */
  cycle: z.int().positive().optional(),
  miners: z.array(
    z.strictObject({
      hotkey: z.string(),
      credibility: share,
      raw: amount,
      score: amount,
      /** Content address of the index that was evaluated. */
      index: Sha256.nullable(),
      passed: z.boolean(),
      failures: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
      standing: Standing.optional(),
    }),
  ),
})
export type ScoresManifest = z.infer<typeof ScoresManifest>

/**
 * Rows of a draw over all that is claimed, held against their pages: those that were the same, and of these those whose date the page itself supports; those whose page
 * holds another text by now, or is gone; those that the page proves wrong; those that could not be looked at.
 */
const PageCounts = z.strictObject({
  sampled: z.int().nonnegative(),
  same: z.int().nonnegative(),
  dated: z.int().nonnegative(),
  changed: z.int().nonnegative(),
  gone: z.int().nonnegative(),
  contradicted: z.int().nonnegative(),
  unfetchable: z.int().nonnegative(),
})

/** When all that was not the same was different. */
const FormerPageCounts = z.strictObject({
  sampled: z.int().nonnegative(),
  same: z.int().nonnegative(),
  different: z.int().nonnegative(),
  dated: z.int().nonnegative(),
})

/**
 * What a validator found of what a miner claims: of its manifests, of the lists of all its rows, and of the rows and pages that a draw picked, which nobody knew when the
 * index was committed. Only this tells a dataset that does not know a miner whether to believe it.
 * Signed: sr25519 of `hotkey`, the validator, over the content address of the manifest without `signature`.
 */
export const VerdictManifest = z.strictObject({
  kind: z.literal('verdict'),
  parent,
  hotkey: z.string(),
  /** Hotkey of who was judged. */
  miner: z.string(),
  /** Of the metagraph that was evaluated. */
  block: z.int().nonnegative(),
  /** What the commitment of the miner named, and the block it came in; null: nothing that can be an index. */
  index: Sha256.nullable(),
  committed_block: z.int().nonnegative(),
  /** The snapshots of that index, by job, none twice: what the verdict is about. None of an index that cannot be read. */
  snapshots: z.array(z.strictObject({ job_id: z.string(), sha256: Sha256 })),
  passed: z.boolean(),
  /** Codes, each once, sorted (scraper/validator/failure.ts). */
  failures: z.array(z.string()),
  /** What was held against the web. */
  pages: z.union([PageCounts, FormerPageCounts]),
  /**
   * What it vouches for: with a confidence of 95 % no larger share of all rows of the index is contradicted by its page, as the draw falls on each row alike. Absent: of
   * a version that did not say it.
   */
  wrong_share_max: z.number().min(0).max(1).optional(),
  /** Absent: signed before manifests named it, or on no chain. */
  network: Network.optional(),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type VerdictManifest = z.infer<typeof VerdictManifest>

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
  /**
   * When the dataset saw its rows first: the number of that sight (VersionManifest.sights), of all of them; where they differ, an object with pairs of u32,
   * little-endian: first row and number, up to the next pair. Absent: before sights were counted.
   */
  seen: z.union([z.int().nonnegative(), StoredObject]).optional(),
})
export type VersionFile = z.infer<typeof VersionFile>

/**
 * Files of miners that a dataset need not look at again, as what they are does not change: by what is said of them (dataset/ingest/refusals.ts), those that were
 * refused last at the end.
 */
const RefusalsManifest = z.strictObject({
  kind: z.literal('refusals'),
  parent,
  refused: z.array(z.strictObject({ hotkey: z.string(), file: Sha256, reason: z.string() })),
})

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

/** Which documents of another dataset's version a built one has; all conditions hold, an empty list or null asks nothing. What is compared is in lower case. */
export const BuildRecipe = z.strictObject({
  /** The version they were chosen from. */
  source: z.strictObject({ dataset: z.string(), version: z.int().positive(), sha256: Sha256 }),
  jobs: z.array(z.string()),
  labels: z.array(z.string()),
  langs: z.array(z.string()),
  /** Names, of all ports; with a port, of that one. */
  hosts: z.array(z.string()),
  licences: z.array(z.string()),
  /** First `datetime`, inclusive, and last, exclusive. */
  since: Timestamp.nullable(),
  until: Timestamp.nullable(),
  /** Of quality-score.ts. */
  min_quality: z.number().min(0).max(1).nullable(),
  /** At most so many: the first in the order of the version, or with `sample_seed` those that are drawn by it and their ids alone. */
  max_rows: z.int().positive().nullable(),
  sample_seed: z.int().nonnegative().nullable(),
})
export type BuildRecipe = z.infer<typeof BuildRecipe>

/** A version of a dataset, deduplicated over all miners: their own shards, and for each which of its rows the version has not. Two versions share the lists and files they share. */
export const VersionManifest = z.strictObject({
  kind: z.literal('version'),
  parent,
  origin: Origin,
  name: z.string(),
  /** Version of the rules its documents were taken by (dataset/ingest/clean.ts). */
  cleaning: z.int().positive(),
  /** Sights so far: each time the dataset looks at new rows of a miner's job is one. Of copies the one that was seen first is kept. Absent: none were counted. */
  sights: z.int().positive().optional(),
  /** `VersionGroup` by hotkey and job, none twice: a tree beside it, as jobs are many (infra/corpus/groups.ts reads it); formerly the list itself. */
  groups: z.union([ListTree, z.array(VersionGroup)]),
  /** Of all groups. Absent where those stand in it. */
  files: z.int().nonnegative().optional(),
  /** Ids of the documents that its parent had and it has not: 32 raw bytes each, sorted; null: none. */
  gone: StoredObject.nullable(),
  documents: z.int().nonnegative(),
  text_bytes: z.int().nonnegative(),
  labels: NamedCounts,
  /** Rows of its files that it has not, by reason. */
  dropped: NamedCounts,
  /** Of one that was built: its files are those of other datasets. Absent: it takes in what miners bring. */
  recipe: BuildRecipe.optional(),
})
export type VersionManifest = z.infer<typeof VersionManifest>

/** `tokens`: of all its shards, deleted documents among them. */
const TokenTotals = z.strictObject({ shards: z.int().nonnegative(), tokens: z.int().nonnegative(), documents: z.int().nonnegative() })
export type TokenTotals = z.infer<typeof TokenTotals>

/** What a version of the tokens has of one miner's job. `list`: JSON array of `TokenizedFile` (token-list.ts). */
export const TokensGroup = TokenTotals.extend({
  hotkey: z.string(),
  job_id: z.string(),
  /** Content address of the dataset's list it was made from: as long as that one stays, so does this. */
  source: Sha256,
  list: StoredObject,
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
  /** `TokensGroup` by hotkey and job, none twice: a tree beside it (infra/corpus/groups.ts reads it); formerly the list itself. */
  groups: z.union([ListTree, z.array(TokensGroup)]),
  /** Sums over all groups. Absent where those stand in it. */
  totals: TokenTotals.optional(),
  /** JSON array of `ListedTokenShard`: those that no file of the dataset has any more, and a run still reads. null: none. */
  held: StoredObject.nullable(),
})
export type TokenVersionManifest = z.infer<typeof TokenVersionManifest>

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
  VerdictManifest,
  RefusalsManifest,
  DatasetManifest,
  VersionManifest,
  TokensManifest,
  TokenVersionManifest,
  PlanManifest,
  FormerEpochManifest,
  EpochManifest,
  TurnManifest,
  GravityManifest,
  SteeringManifest,
  ReceiptManifest,
])
export type Manifest = z.infer<typeof Manifest>
