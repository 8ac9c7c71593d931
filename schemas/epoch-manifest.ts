import { z } from 'zod'
import { StoredObject } from './data-file.ts'
import { TokenizerRef } from './token-list.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const parent = Sha256.nullable()

/** Token shards that joined a run together, in an order of their own (trainer-bridge/plan). */
const Generation = z.strictObject({
  /** JSON array of `GenerationShard` (token-list.ts), in the order of their tokens. */
  list: StoredObject,
  /** What its order follows from, with the list and the pass. */
  seed: z.int().nonnegative(),
  /** Rows that it has. */
  windows: z.int().nonnegative(),
  /** Places of its order that are done with before this epoch, and after it. */
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
  /** Windows it gives to each period of this epoch. */
  each: z.int().nonnegative(),
  /** Places whose windows meet what was deleted since it joined, and are left out (trainer-bridge/plan/skipped.ts); null: none. */
  skipped: StoredObject.nullable(),
})
export type Generation = z.infer<typeof Generation>

/** A source of a run: the tokens of one label. */
export const Stratum = z.strictObject({
  label: z.string(),
  /** Desirability when the epoch was planned. */
  weight: z.number().positive(),
  /** Turns it has in each period of the epoch: a batch, or a row of a mixed one. */
  each: z.int().nonnegative(),
  /** Turns that it is owed (or, below zero, had too many) by its weight after this epoch. */
  owed: z.number(),
  /** The oldest first. */
  generations: z.array(Generation).min(1),
})
export type Stratum = z.infer<typeof Stratum>

/** How the tokens of a run become batches. */
export const Geometry = z.strictObject({
  rows: z.int().positive(),
  /** Tokens of a row that are trained on. */
  sequence_tokens: z.int().positive(),
  /** Whether a row has one token more, the target of the last. */
  next_token: z.boolean(),
  /** `stream`: rows are cut from documents one after the other; `best_fit`: documents are packed into rows whole where they fit. */
  packing: z.enum(['stream', 'best_fit']),
  /** Whether all rows of a batch are of one source, or each of its own. */
  batch_sources: z.enum(['one', 'mixed']),
  /** Share of documents, by a hash of theirs, that no row is made of. */
  validation_share: z.number().min(0).max(0.5),
})
export type Geometry = z.infer<typeof Geometry>

/**
 * One epoch of a run: everything its batch k follows from (trainer-bridge/plan), and where the next epoch goes on. Its content address is the plan's id.
 * A run is a line of epochs over tokens that grow, each a note in its log: from batch `first_batch` on, these weights and these generations. A pass goes once
 * over all of them.
 */
export const EpochManifest = z.strictObject({
  kind: z.literal('run-epoch'),
  parent,
  /** Version of the rules that make batches of this. */
  algorithm: z.literal(3),
  /** Name of the run. */
  run: z.string(),
  /** Batches of the run before this epoch. */
  first_batch: z.int().nonnegative(),
  /** The version of the tokens whose shards have joined, and whose deletions count; `joined`: its number in its line. */
  tokens: Sha256,
  joined: z.int().positive(),
  tokenizer: TokenizerRef,
  /** Token that ends every document, and that rows of whole documents are filled up with. */
  end_of_text: z.int().nonnegative(),
  geometry: Geometry,
  /** Of the generations that joined with this epoch. */
  seed: z.int().nonnegative(),
  /** Where that seed comes from, when nobody chose it: the root was committed in the block before the one with that hash. */
  anchor: z.strictObject({ root: Sha256, block: z.int().nonnegative(), hash: z.string() }).nullable(),
  /** 1, 2, 3 … */
  pass: z.int().positive(),
  /** All periods are as long as each other. */
  periods: z.int().positive(),
  batches: z.int().positive(),
  /** Batches that were settled of the epochs before. */
  settled_before: z.int().nonnegative(),
  /** `list`: JSON array of `Stratum`, by label, none twice. `root`: of the Merkle tree (merkle.ts) whose leaves are the canonical JSON of each. */
  strata: z.strictObject({ list: StoredObject, count: z.int().positive(), root: Sha256 }),
})
export type EpochManifest = z.infer<typeof EpochManifest>

/** An epoch before its sources stood beside it. Its generations are gone on with. */
export const FormerEpochManifest = z.strictObject({
  kind: z.literal('epoch'),
  parent,
  algorithm: z.literal(2),
  tokens: Sha256,
  joined: z.int().positive(),
  tokenizer: TokenizerRef,
  geometry: z.strictObject({ rows: z.int().positive(), sequence_tokens: z.int().positive() }),
  seed: z.int().nonnegative(),
  pass: z.int().positive(),
  batches: z.int().positive(),
  settled_before: z.int().nonnegative(),
  strata: z.array(
    z.strictObject({
      label: z.string(),
      weight: z.number().positive(),
      supply: z.int().nonnegative(),
      generations: z
        .array(
          z.strictObject({
            list: StoredObject,
            windows: z.int().nonnegative(),
            from: z.int().nonnegative(),
            to: z.int().nonnegative(),
            skipped: z.array(z.int().nonnegative()),
            supply: z.int().nonnegative(),
          }),
        )
        .min(1),
    }),
  ),
})
export type FormerEpochManifest = z.infer<typeof FormerEpochManifest>
