import { z } from 'zod'
import { DataLabel, dataSource, limits, type DataEntityBucketId } from '#schemas/data-universe.ts'

/** The JSON of Data Universe's own classes (macrocosm-os/data-universe, common/data.py), which nest what is flat here. */
const sources = Object.values(dataSource)
const bucketIdForm = z.object({
  time_bucket: z
    .object({
      id: z
        .int()
        .min(0)
        .max(2 ** 31),
    })
    .describe('Whole hours since the Unix epoch.'),
  source: z.literal(sources).describe('1 = Reddit, 2 = X, 8 = web'),
  label: z.object({ value: z.string().min(1).max(limits.labelChars).toLowerCase().pipe(DataLabel) }).nullish(),
})
export const BucketIdForm = bucketIdForm.meta({ id: 'DataEntityBucketId', description: 'Rows of one hour, source and label.' })

const entityForm = z.object({
  uri: z.string(),
  datetime: z.iso.datetime(),
  source: z.literal(sources),
  label: z.object({ value: z.string() }).nullable(),
  content: z.string().describe('The text.'),
  content_size_bytes: z.int().describe('Bytes of the content in UTF-8.'),
})
export const EntityForm = entityForm.meta({ id: 'DataEntity', description: 'One scraped item.' })
export type EntityForm = z.infer<typeof entityForm>

/** Most buckets, items and bytes of one answer with contents. */
export const contentsMax = { buckets: 100, items: 200_000, bytes: limits.bucketBytes } as const
/** Of the protocol whose index has up to 350,000 buckets. */
export const protocolVersion = 4

export const bucketIdOf = ({ time_bucket, source, label }: z.output<typeof bucketIdForm>): DataEntityBucketId => ({
  time_bucket: time_bucket.id,
  source,
  label: label?.value ?? null,
})

export const formOfBucketId = ({ time_bucket, source, label }: DataEntityBucketId) => ({
  time_bucket: { id: time_bucket },
  source,
  label: label === null ? null : { value: label },
})
