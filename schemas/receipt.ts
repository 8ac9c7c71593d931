import { z } from 'zod'
import { StoredObject } from './data-file.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/**
 * What became of the batches of a closed epoch (trainer-bridge/blocks/receipt.ts). Its content address holds what was planned, by the id of the plan, and what was
 * settled, by the root: whoever anchors it can change neither afterwards.
 */
export const ReceiptManifest = z.strictObject({
  kind: z.literal('receipt'),
  parent: Sha256.nullable(),
  plan: Sha256,
  epoch: z.int().nonnegative(),
  batches: z.int().positive(),
  settled: z.int().nonnegative(),
  /** Of the tree (merkle.ts) whose leaf k is the record of batch k. */
  root: Sha256,
  records: StoredObject,
})
export type ReceiptManifest = z.infer<typeof ReceiptManifest>
