import { z } from 'zod'
import { DeletionVector, StoredObject } from './data-file.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const TokenizerRef = z.strictObject({ name: z.string(), fingerprint: Sha256, vocabulary: z.int().positive() })
export type TokenizerRef = z.infer<typeof TokenizerRef>

/** An immutable file of the tokens of documents of one label and one data file (token-shard.ts). */
export const TokenShardFile = StoredObject.extend({
  label: z.string(),
  tokens: z.int().positive(),
  documents: z.int().positive(),
  /** Root of the tree of its block sums (token-shard-sums.ts); absent of one that was made without them. */
  blocks_root: Sha256.optional(),
  /** sha256 of its data file. */
  file: Sha256,
  /** Number of the version of the tokens, in its line, that had it first. */
  since: z.int().positive(),
  /** Its documents stood in other shards before, that the run had taken in: it joins a run at the beginning of a pass only. */
  moved: z.boolean(),
})
export type TokenShardFile = z.infer<typeof TokenShardFile>

/** A token shard as a version has it. `deletes`: documents of it that are gone, by their places in it. */
export const ListedTokenShard = z.strictObject({ shard: TokenShardFile, deletes: DeletionVector.nullable() })
export type ListedTokenShard = z.infer<typeof ListedTokenShard>

/** A data file with its token shards: one for each label, more where one would be too large or where rows came back that were deleted when the first was made. */
export const TokenizedFile = z.strictObject({
  /** sha256 of the data file. */
  file: Sha256,
  /** sha256 of the deletion vector it had. */
  deletes: Sha256.nullable(),
  shards: z.array(ListedTokenShard),
})
export type TokenizedFile = z.infer<typeof TokenizedFile>

/**
 * Which tokens of a shard make up rows, as an object (trainer-bridge/plan/layout.ts). `size`: tokens that are kept of a stream, rows that documents were packed into.
 */
export const ShardLayout = StoredObject.extend({ size: z.int().nonnegative() })
export type ShardLayout = z.infer<typeof ShardLayout>

/** A token shard of a generation. */
export const GenerationShard = TokenShardFile.pick({ key: true, sha256: true, bytes: true, tokens: true, documents: true, blocks_root: true }).extend({
  /** sha256 of the deletion vector it had when it joined; absent: none. */
  deletes: Sha256.optional(),
  /** Absent: all of it, as a stream. */
  layout: ShardLayout.optional(),
})
export type GenerationShard = z.infer<typeof GenerationShard>
