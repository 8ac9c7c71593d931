import { z } from 'zod'
import { dataSource, DataLabel, isStorable } from './data-universe.ts'
import { MomentDate } from './moment.ts'
import type { OnDemandPlatform } from './on-demand.ts'

const source = z.union([z.int(), z.string().transform((name) => (Object.hasOwn(dataSource, name.toUpperCase()) ? dataSource[name.toUpperCase() as 'WEB'] : 0))])
const label = z
  .union([z.string(), z.object({ value: z.string() }).transform(({ value }) => value)])
  .nullish()
  .transform((given) => (given == null || given === '' ? null : given.toLowerCase()))
  .pipe(DataLabel.nullable())

/** One row of a submission, as `DataEntity.to_json_dict` of the reference has it: `content` is text. */
export const OnDemandRow = z
  .object({
    uri: z.string().min(1).max(8192).refine(isStorable, 'text without NUL or half a character'),
    datetime: MomentDate,
    source,
    label,
    content: z.string().min(1).refine(isStorable, 'text without NUL or half a character'),
    content_size_bytes: z.int().nonnegative(),
  })
  .refine((row) => Buffer.byteLength(row.content) === row.content_size_bytes, "content_size_bytes is not the content's size")
export type OnDemandRow = z.infer<typeof OnDemandRow>

export const platformSource: Readonly<Record<OnDemandPlatform, number>> = { web: dataSource.WEB, x: dataSource.X, reddit: dataSource.REDDIT }

/** What a miner submits: `{data_entities: […]}` in UTF-8. */
export const encodeRows = (rows: readonly Omit<OnDemandRow, 'content_size_bytes'>[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      data_entities: rows.map(({ uri, datetime, source: from, label: named, content }) => ({
        uri,
        datetime: datetime.toISOString(),
        source: from,
        label: named,
        content,
        content_size_bytes: Buffer.byteLength(content),
      })),
    }),
  )
