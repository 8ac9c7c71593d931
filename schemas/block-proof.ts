import { z } from 'zod'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** Tokens of a row that stand together in one token shard. */
const ProofPiece = z.object({
  key: z.string(),
  sha256: Sha256,
  /** Root of the sums of its blocks (token-shard-sums.ts); absent of a shard without them. */
  blocks_root: Sha256.optional(),
  start: z.int().nonnegative(),
  tokens: z.int().positive(),
})

/** What a batch is made of, and what became of it: with the shards at hand anybody can make the same bytes, with the receipt's root that its record is in it. */
export const BlockProof = z.object({
  plan_id: Sha256,
  epoch: z.int().nonnegative(),
  batch: z.int().nonnegative(),
  rows: z.int().positive(),
  row_tokens: z.int().positive(),
  /** Of its tokens as u32, little-endian. */
  sha256: Sha256,
  /** Pieces of each row, in order. */
  windows: z.array(z.array(ProofPiece)),
  /** Null while the epoch is open. */
  receipt: z
    .object({
      /** Content address of the receipt (receipt.ts): what is anchored. */
      sha256: Sha256,
      batches: z.int().positive(),
      root: Sha256,
      settled: z.object({ tokens: z.int().nonnegative(), loss: z.number(), node: z.string() }).nullable(),
      /** From the record of the batch to the root. */
      path: z.array(Sha256).max(64),
    })
    .nullable(),
})
export type BlockProof = z.infer<typeof BlockProof>
