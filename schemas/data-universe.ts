import { z } from 'zod'
import { compareText } from './compare-text.ts'

/**
 * The vocabulary of Data Universe (Bittensor subnet 13), names and constants as its public code has them.
 * What differs here: source 8 WEB, and jobs carry a `web` part (desirability.ts).
 */
export const dataSource = { REDDIT: 1, X: 2, UNKNOWN_3: 3, UNKNOWN_4: 4, UNKNOWN_5: 5, UNKNOWN_6: 6, UNKNOWN_7: 7, WEB: 8 } as const

const sourceNames = new Map<number, string>(Object.entries(dataSource).map(([name, number]) => [number, name.toLowerCase()]))
/** What a source is called: `web`, `reddit`, `x` …, or its number. */
export const sourceName = (source: number): string => sourceNames.get(source) ?? String(source)
type DataSource = (typeof dataSource)[keyof typeof dataSource]

export const limits = {
  labelChars: 140,
  bucketBytes: 128 * 2 ** 20,
  indexBuckets: 350_000,
  rowsPerGroup: 10_000,
  shardBytesMin: 15_000,
  shardBytesMax: 2 ** 30,
  bytesPerRowMin: 50,
  freshnessDays: 30,
} as const
/** Ours: whoever takes in the list of one file has it in memory, some 150 bytes a row. */
export const shardRowsMax = 1_000_000

const hourMs = 3_600_000

/** Whole hours since the Unix epoch. */
export const timeBucketOf = (datetimeMs: number): number => Math.floor(datetimeMs / hourMs)
/** The first time bucket begins with the Unix epoch: what is older is as old as that. */
export const bucketableTime = (datetimeMs: number): number => Math.max(0, datetimeMs)
/** Start (ms, inclusive) and end (exclusive) of a time bucket. */
export const timeBucketRange = (bucket: number): { startMs: number; endMs: number } => ({ startMs: bucket * hourMs, endMs: (bucket + 1) * hourMs })

/** Databases and Parquet hold UTF-8, and some end a text at a NUL. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** What a label keeps of a text: as many code points as Data Universe, which counts as Python does. */
export const cutLabel = (text: string): string =>
  Array.from(text.slice(0, 2 * limits.labelChars))
    .slice(0, limits.labelChars)
    .join('')
    .toWellFormed()

export const DataLabel = z
  .string()
  .min(1)
  .max(limits.labelChars)
  .refine((label) => label === label.toLowerCase(), 'a label is lower-case')
  .refine(isStorable, 'a label is text without NUL or half a character')

export const DataEntity = z
  .strictObject({
    uri: z.string().min(1),
    datetime: z.iso.datetime(),
    source: z.enum(dataSource),
    label: DataLabel.nullable(),
    content: z.instanceof(Uint8Array),
    content_size_bytes: z.int().nonnegative(),
  })
  .refine((entity) => entity.content.length === entity.content_size_bytes, "content_size_bytes is the content's real size")
/** One scraped item. `content_size_bytes` equals the content's real size (the underdeclared filler exploit). */
export type DataEntity = z.infer<typeof DataEntity>

export const DataEntityBucketId = z.strictObject({ time_bucket: z.int().nonnegative(), source: z.enum(dataSource), label: DataLabel.nullable() })
export type DataEntityBucketId = z.infer<typeof DataEntityBucketId>

export const DataEntityBucket = DataEntityBucketId.extend({ size_bytes: z.int().nonnegative().max(limits.bucketBytes) })
export type DataEntityBucket = z.infer<typeof DataEntityBucket>

const CompressedBuckets = z
  .strictObject({
    label: DataLabel.nullable(),
    time_bucket_ids: z.array(z.int().nonnegative()),
    sizes_bytes: z.array(z.int().nonnegative().max(limits.bucketBytes)),
  })
  .refine((b) => b.time_bucket_ids.length === b.sizes_bytes.length, 'as many sizes as time buckets')

const sourceNumber = z.string().regex(new RegExp(`^(?:${Object.values(dataSource).join('|')})$`), 'the number of a source')

/** All buckets of a miner, column-wise: `sources` maps the source's number to its labels. At most 350,000 buckets. */
// oxlint-disable-next-line orrery/no-open-record -- numbers of sources
export const CompressedMinerIndex = z.strictObject({ sources: z.record(sourceNumber, z.array(CompressedBuckets)) }).refine(
  (index) =>
    Object.values(index.sources)
      .flat()
      .reduce((n, b) => n + b.sizes_bytes.length, 0) <= limits.indexBuckets,
  `at most ${limits.indexBuckets} buckets`,
)
export type CompressedMinerIndex = z.infer<typeof CompressedMinerIndex>

/** Packs buckets, sorted by source, label (null first) and time, so that the same set gives the same bytes. */
export function compressIndex(buckets: readonly DataEntityBucket[]): CompressedMinerIndex {
  const sorted = buckets.toSorted((a, b) => a.source - b.source || compareLabels(a.label, b.label) || a.time_bucket - b.time_bucket)
  const sources: CompressedMinerIndex['sources'] = {}
  for (const bucket of sorted) {
    const labels = (sources[String(bucket.source)] ??= [])
    let last = labels.at(-1)
    if (!last || last.label !== bucket.label) labels.push((last = { label: bucket.label, time_bucket_ids: [], sizes_bytes: [] }))
    last.time_bucket_ids.push(bucket.time_bucket)
    last.sizes_bytes.push(bucket.size_bytes)
  }
  return { sources }
}

export function expandIndex(index: CompressedMinerIndex): DataEntityBucket[] {
  return Object.entries(index.sources).flatMap(([source, labels]) =>
    labels.flatMap(({ label, time_bucket_ids, sizes_bytes }) =>
      time_bucket_ids.map((time_bucket, i) => ({ time_bucket, source: Number(source) as DataSource, label, size_bytes: sizes_bytes[i] ?? 0 })),
    ),
  )
}

const compareLabels = (a: string | null, b: string | null): number => (a === b ? 0 : a === null ? -1 : b === null ? 1 : compareText(a, b))

export interface ShardName {
  /** Second of writing, UTC. */
  writtenAt: Date
  rows: number
  /** 16 lower-case hex digits; ours are the first of the content's sha256, so that the same rows get the same name. */
  hex: string
}

/** `data_{YYYYMMDD_HHMMSS}_{rows}_{16 hex}.parquet` */
export function formatShardName({ writtenAt, rows, hex }: ShardName): string {
  const [day = '', time = ''] = writtenAt.toISOString().slice(0, 19).split('T')
  return `data_${day.replaceAll('-', '')}_${time.replaceAll(':', '')}_${rows}_${hex}.parquet`
}

const shardNamePattern = /^data_(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})_(0|[1-9]\d{0,11})_([0-9a-f]{16})\.parquet$/

/** undefined when the name is not of the form, or its date does not exist. */
export function parseShardName(name: string): ShardName | undefined {
  const match = shardNamePattern.exec(name)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, rows, hex] = match
  const writtenAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  const parsed = { writtenAt, rows: Number(rows), hex: hex ?? '' }
  return Number.isNaN(writtenAt.getTime()) || formatShardName(parsed) !== name ? undefined : parsed
}

/** `data/hotkey={ss58}/job_id={job}/{name}` */
export const shardKey = (hotkey: string, jobId: string, name: string): string => `data/hotkey=${hotkey}/job_id=${jobId}/${name}`

export function parseShardKey(key: string): { hotkey: string; jobId: string; name: string } | undefined {
  const [, hotkey, jobId, name] = /^data\/hotkey=([^/]+)\/job_id=([^/]+)\/([^/]+)$/.exec(key) ?? []
  return hotkey && jobId && name ? { hotkey, jobId, name } : undefined
}

/** Value of age: 1 when new, falling to 1/2 at 30 days, 0 beyond; a date in the future counts as new. */
export function timeScalar(ageMs: number): number {
  const maxAgeMs = limits.freshnessDays * 24 * hourMs
  if (ageMs > maxAgeMs) return 0
  return 1 - Math.max(0, ageMs) / (2 * maxAgeMs)
}
