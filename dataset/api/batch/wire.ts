import { z } from 'zod'
import { whole } from '#dataset/api/parameters.ts'

export const BatchQuery = z.strictObject({
  rows: whole(1, 8).default(2),
  sequence_tokens: whole(1, 4096).default(256).describe('Tokens of a row.'),
})

const count = z.int().nonnegative()
export const Batch = z
  .strictObject({
    dataset: z.string(),
    tokens_version: z.int().positive(),
    of: z.string().describe('Content address of the version of the dataset that was tokenized.'),
    tokenizer: z.strictObject({ name: z.string(), fingerprint: z.string(), vocabulary: count }),
    rows: z.array(
      z.strictObject({
        tokens: z.array(count),
        documents: z.array(z.strictObject({ id: z.string(), start: count, end: count })).describe('Which tokens are of which document: [start, end).'),
      }),
    ),
  })
  .meta({ id: 'BatchPreview' })
export type Batch = z.infer<typeof Batch>
