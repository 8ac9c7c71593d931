import { z } from 'zod'

/** Which documents the rows of a batch are made of, for masks: of each row in the order of its tokens. What is filled up with the end of text belongs to none. */
export const BatchDocuments = z.object({
  batch: z.int().nonnegative(),
  rows: z.array(
    z.array(
      z.object({
        id: z.string().describe('Of the document, lower-case hex sha256.'),
        end: z.int().positive().describe('Token of the row after its last one there.'),
        is_cut: z.boolean().describe('It goes on where the row, or the piece of its shard, ends: no end of text stands there.'),
      }),
    ),
  ),
})
export type BatchDocuments = z.infer<typeof BatchDocuments>
