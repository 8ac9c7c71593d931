import { z } from 'zod'
import { dataSource, DataLabel } from './data-universe.ts'
import { jsonText, Rights } from './rights.ts'
import { fitsBytes, startOf } from './text-bytes.ts'

/** How a column is written: `json` as canonical JSON, `timestamp` as microseconds UTC, `signature` as bytes. */
export type ColumnKind = 'string' | 'json' | 'int32' | 'double' | 'timestamp' | 'signature'

/** What is known of a column of a document. All else follows: the record, its Parquet column, its line of the dataset card, its place in the API. */
export interface DocumentColumn {
  kind: ColumnKind
  /** What its cells are, as values. A column is nullable where this is. */
  of: z.ZodType
  description: string
  /** The most bytes of a cell, in UTF-8; absent where what it is says so itself. */
  bytesMax?: number
  /** Few distinct values: worth a dictionary. */
  repeats?: boolean
  /** Has a bloom filter. */
  bloom?: boolean
}

/** What kind of page it is; the main text is found by the rule of its kind (the classes of the Web Content eXtraction Benchmark). */
export const PageType = z.enum(['article', 'documentation', 'forum', 'product', 'listing', 'collection', 'service'])
export type PageType = z.infer<typeof PageType>

/** How a date was found, best first. */
const DateEvidence = z.enum(['json-ld', 'meta', 'microdata', 'time', 'url', 'text', 'last-modified', 'sitemap', 'copyright', 'none'])

/** The years ISO 8601 writes with four digits, which every reader knows. */
const instant = z.date().min(new Date('0001-01-01T00:00:00Z')).max(new Date('9999-12-31T23:59:59.999Z'))
const text = z.string()
const sha256 = text.regex(/^[0-9a-f]{64}$/)
const share = z.number().min(0).max(1)
/** At most so many members, none with a longer name than 64. */
const record = <Value extends z.ZodType>(value: Value, membersMax: number) =>
  // oxlint-disable-next-line orrery/no-open-record -- a member of that name is left out like any that nobody knows
  z.record(jsonText(64), value).refine((members) => Object.keys(members).length <= membersMax, `it has more than ${membersMax} members`)

/** What an answer's header holds, cut. */
const headerBytes = 512
/** More than the text of any page that a miner takes by default. */
const textBytes = 8 * 2 ** 20

/** What was imported may be of another than the web. */
const sourceNames = `Data Universe source: ${dataSource.REDDIT} = Reddit, ${dataSource.X} = X, ${dataSource.WEB} = web`

/** The columns of a document, in their order. */
export const columnTable = {
  id: { kind: 'string', of: sha256, description: 'sha256 of the normalized text', bloom: true },
  uri: { kind: 'string', of: text.min(1), description: 'canonical URL, which its page is known by', bytesMax: 2048, bloom: true },
  url: { kind: 'string', of: text.min(1), description: 'URL as it was asked for, after redirects: a spelling of uri and of no other page', bytesMax: 4000 },
  host: { kind: 'string', of: text.min(1), description: 'host of the page', bytesMax: 2048, repeats: true },
  page_type: { kind: 'string', of: PageType, description: `what kind of page it is: ${PageType.options.join(', ')}`, repeats: true },
  title: { kind: 'string', of: text, description: 'title of the page', bytesMax: 2048 },
  author: { kind: 'string', of: text.nullable(), description: 'author, as the page names them', bytesMax: 1024 },
  site_name: { kind: 'string', of: text.nullable(), description: 'name of the site', bytesMax: 1024, repeats: true },
  text: { kind: 'string', of: text.min(1), description: 'main text, normalized; personal data is replaced by typed placeholders', bytesMax: textBytes },
  markdown: { kind: 'string', of: text.nullable(), description: 'the same content as Markdown, where the miner keeps it', bytesMax: textBytes },
  lang: { kind: 'string', of: text, description: 'language, ISO 639, or und where it is too short or mixed', bytesMax: 64, repeats: true },
  lang_score: { kind: 'double', of: share, description: 'confidence in the language, 0..1' },
  languages: { kind: 'json', of: record(share, 100), description: 'share of the text by language, 0..1', bytesMax: 2 ** 14, repeats: true },
  label: { kind: 'string', of: DataLabel, description: 'label of the job that asked for it', repeats: true },
  source: { kind: 'int32', of: z.literal([dataSource.REDDIT, dataSource.X, dataSource.WEB]), description: sourceNames, repeats: true },
  datetime: { kind: 'timestamp', of: instant, description: 'the time freshness counts from: published, or else first seen' },
  published_at: { kind: 'timestamp', of: instant.nullable(), description: 'date of publication' },
  published_by: { kind: 'string', of: DateEvidence, description: 'how that date was found', repeats: true },
  published_score: { kind: 'double', of: share, description: 'how sure that date is, 0..1; 0 where there is none', repeats: true },
  modified_at: { kind: 'timestamp', of: instant.nullable(), description: 'date of the last change' },
  fetched_at: { kind: 'timestamp', of: instant, description: 'time of the fetch' },
  http_status: { kind: 'int32', of: z.int().min(100).max(599), description: 'status of the answer', repeats: true },
  etag: { kind: 'string', of: text.nullable(), description: 'ETag of the answer', bytesMax: headerBytes },
  last_modified: { kind: 'string', of: text.nullable(), description: 'Last-Modified of the answer', bytesMax: headerBytes },
  content_type: { kind: 'string', of: text, description: 'Content-Type of the answer', bytesMax: headerBytes, repeats: true },
  html_sha256: { kind: 'string', of: sha256, description: 'sha256 of the page as fetched' },
  text_bytes: { kind: 'int32', of: z.int().positive().max(textBytes), description: 'bytes of the text in UTF-8' },
  minhash: {
    kind: 'signature',
    of: z.instanceof(Uint8Array).refine((bytes) => bytes.length === 448, 'a signature is 448 bytes'),
    description: 'MinHash signature, 14 bands of 8 u32, little-endian, 448 bytes',
    bytesMax: 448,
  },
  quality: { kind: 'json', of: record(z.number(), 100), description: 'score of each quality rule by its name', bytesMax: 2 ** 14 },
  personal_data: {
    kind: 'json',
    of: record(z.int().positive(), 50),
    description: 'how often each kind of personal data was replaced: email, ip, phone, iban, card',
    bytesMax: 2 ** 13,
    repeats: true,
  },
  rights: {
    kind: 'json',
    of: Rights,
    description: 'robots.txt, robots directives, TDM reservation, ai.txt, training preference and licence found',
    bytesMax: 2 ** 15,
    repeats: true,
  },
  job_id: { kind: 'string', of: text, description: 'job that asked for it', bytesMax: 256, repeats: true },
  hotkey: { kind: 'string', of: text, description: 'miner that fetched and signed it', bytesMax: 128, repeats: true },
  version: {
    kind: 'int32',
    of: z
      .int()
      .positive()
      .max(2 ** 31 - 1),
    description: 'n-th stored version of this page, from 1',
    repeats: true,
  },
} as const satisfies Record<string, DocumentColumn>
type Table = typeof columnTable

export type ColumnName = keyof Table

/** The columns that are times. */
export type TimeName = { [Name in ColumnName]: Table[Name]['kind'] extends 'timestamp' ? Name : never }[ColumnName]

/** The schema of each column, with its bound. */
export const columnShape = Object.fromEntries(Object.entries<DocumentColumn>(columnTable).map(([name, column]) => [name, bounded(column)])) as unknown as {
  -readonly [Name in ColumnName]: Table[Name]['of']
}

/** A record is bounded by its own schema. */
function bounded({ of, kind, description, bytesMax }: DocumentColumn): z.ZodType {
  if (kind !== 'string' || bytesMax === undefined) return of.describe(description)
  const checked = of.check(({ value, issues }) => {
    if (typeof value !== 'string' || fitsBytes(value, bytesMax)) return
    // Not the value itself, which is as long as it is.
    issues.push({ code: 'too_big', origin: 'string', maximum: bytesMax, input: undefined, message: `it takes more than ${bytesMax} bytes` })
  })
  return checked.describe(`${description}; at most ${bytesMax} bytes`)
}

/** Each time of a document as `time`, nullable where the column is. */
export function timesAs<Time extends z.ZodType>(time: Time): { [Name in TimeName]: Table[Name]['of'] extends z.ZodNullable ? z.ZodNullable<Time> : Time } {
  const times = Object.entries<DocumentColumn>(columnTable).filter(([, { kind }]) => kind === 'timestamp')
  return Object.fromEntries(times.map(([name, { of, description }]) => [name, (isNullable(of) ? time.nullable() : time).describe(description)])) as never
}

/** What a column keeps of a text that may be longer. */
export const cutCell = (name: 'title' | 'author' | 'site_name' | 'etag' | 'last_modified' | 'content_type', value: string): string =>
  startOf(value, columnTable[name].bytesMax).trimEnd()

export const isNullable = (of: z.ZodType): boolean => of instanceof z.ZodNullable
