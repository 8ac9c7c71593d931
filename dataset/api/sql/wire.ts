import { z } from 'zod'
import { FormatQuery } from '#dataset/api/answer.ts'
import { DatasetParams } from '#dataset/api/wire.ts'

const timeoutMsMax = 30_000

/** JSON's numbers are doubles here: of larger ones that are written in digits another may have been meant. */
const isExact = (number: number): boolean => !Number.isInteger(number) || Number.isSafeInteger(number) || Math.abs(number) >= 1e21

export const SqlBody = z
  .strictObject({
    dataset: DatasetParams.shape.name,
    version: z.int().positive().optional().describe('The newest when left out.'),
    sql: z
      .string()
      .min(1)
      .max(100_000)
      .describe('One SELECT (or DESCRIBE, SUMMARIZE) in the dialect of DuckDB over the view `documents`: at most 10,000 rows, 16 MiB of result, 30 seconds.'),
    parameters: z
      .array(z.union([z.string(), z.number().refine(isExact, 'a whole number beyond 2^53: pass it as text, and cast it'), z.boolean(), z.null()]))
      .max(100)
      .default([])
      .describe('For `?` or `$1` … in it.'),
    timeout_ms: z.int().min(1).max(timeoutMsMax).default(timeoutMsMax).describe('It is ended after so long.'),
    format: FormatQuery,
  })
  .meta({
    examples: [
      { dataset: 'web', sql: 'SELECT host, count(*) AS documents FROM documents WHERE lang = ? GROUP BY host ORDER BY 2 DESC LIMIT 10', parameters: ['en'] },
    ],
  })

export const SqlAnswer = z
  .strictObject({
    dataset: z.string(),
    version: z.int().positive(),
    columns: z.array(z.strictObject({ name: z.string(), type: z.string().describe('As DuckDB spells it.') })),
    rows: z
      .array(z.looseObject({}))
      .describe(
        'By the names of the columns. Integers beyond 2^53 and decimals of more than 15 digits are text, NaN and infinite ones null, times ISO 8601, days YYYY-MM-DD, bytes base64, structs and maps objects.',
      ),
  })
  .meta({ id: 'SqlAnswer' })
export type SqlAnswer = z.infer<typeof SqlAnswer>
