import { z } from 'zod'

/** Which subnet of which chain: what is signed for one is nothing on another. */
export const Network = z.strictObject({
  netuid: z.int().min(0).max(65_535),
  /** Hash of the chain's block 0. */
  genesis: z.string().regex(/^0x[0-9a-f]{64}$/),
})
export type Network = z.infer<typeof Network>
