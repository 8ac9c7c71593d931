import { dataSource } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'

export const schemaNames = ['x', 'reddit', 'fineweb', 'rows'] as const
export type SchemaName = (typeof schemaNames)[number]

/** Which columns of somebody's schema say what; of several names the first that is there and says something. */
export interface ForeignSchema {
  name: SchemaName
  source: Document['source']
  page_type: Document['page_type']
  site_name: string | null
  text: readonly string[]
  url: readonly string[]
  title: readonly string[]
  author: readonly string[]
  lang: readonly string[]
  licence: readonly string[]
  label: readonly string[]
  /** When it was published. */
  published: readonly string[]
  /** When it was fetched. */
  fetched: readonly string[]
  /** Whether the rules of quality decide: those of pages refuse nearly all posts. */
  isJudged: boolean
}

/** Data Universe's X shards: 33 columns. */
const x: ForeignSchema = {
  name: 'x',
  source: dataSource.X,
  page_type: 'forum',
  site_name: 'X',
  text: ['text'],
  url: ['url'],
  title: [],
  author: ['username'],
  lang: ['language'],
  licence: [],
  label: ['label'],
  published: ['datetime', 'timestamp'],
  fetched: ['scraped_at'],
  isJudged: false,
}

/** Data Universe's Reddit shards: 17 columns. A post without a body is its title. */
const reddit: ForeignSchema = {
  name: 'reddit',
  source: dataSource.REDDIT,
  page_type: 'forum',
  site_name: 'Reddit',
  text: ['body', 'title'],
  url: ['url'],
  title: ['title'],
  author: ['username'],
  lang: [],
  licence: [],
  label: ['label', 'communityName'],
  published: ['datetime', 'createdAt'],
  fetched: ['scrapedAt'],
  isJudged: false,
}

/** FineWeb and FineWeb-2; their `date` is that of the crawl. */
const fineweb: ForeignSchema = {
  name: 'fineweb',
  source: dataSource.WEB,
  page_type: 'article',
  site_name: null,
  text: ['text'],
  url: ['url'],
  title: [],
  author: [],
  lang: ['language'],
  licence: [],
  label: [],
  published: [],
  fetched: ['date'],
  isJudged: true,
}

/** Rows of no schema that is known, by the names that are in use (C4, Dolma, RedPajama, our own publications); also those of an object `metadata` or `meta`, and the licence of `rights`. */
const rows: ForeignSchema = {
  name: 'rows',
  source: dataSource.WEB,
  page_type: 'article',
  site_name: null,
  text: ['text', 'content', 'raw_content', 'body'],
  url: ['url', 'uri', 'source_url'],
  title: ['title'],
  author: ['author'],
  lang: ['lang', 'language'],
  licence: ['licence', 'license'],
  label: ['label'],
  published: ['published_at', 'published', 'created', 'created_at'],
  fetched: ['fetched_at', 'scraped_at', 'date', 'timestamp', 'crawl_date', 'added', 'datetime'],
  isJudged: true,
}

const schemas: Readonly<Record<SchemaName, ForeignSchema>> = { x, reddit, fineweb, rows }
export const foreignSchema = (name: SchemaName): ForeignSchema => schemas[name]

/** Columns that only rows of this schema have. */
const marks: readonly [SchemaName, readonly string[]][] = [
  ['x', ['tweet_id', 'text', 'username', 'scraped_at']],
  ['reddit', ['communityName', 'body', 'scrapedAt']],
  ['fineweb', ['text', 'dump', 'url', 'language_score']],
]

/** Told by the names of columns, or of the members of a first row. */
export const schemaOf = (columns: ReadonlySet<string>): ForeignSchema =>
  foreignSchema(marks.find(([, names]) => names.every((name) => columns.has(name)))?.[0] ?? 'rows')

/** Where what a row says of itself may stand, too. */
const metadataNames = ['metadata', 'meta', 'rights'] as const

/** All columns that are asked for. */
export const columnsOfSchema = (schema: ForeignSchema): string[] => [
  ...new Set([...Object.values(schema).flatMap((value) => (Array.isArray(value) ? (value as string[]) : [])), ...metadataNames]),
]

/** The first of these cells that says something, in the row itself or in its metadata. */
export function cellOf(row: object, names: readonly string[]): unknown {
  for (const from of [row, ...metadataNames.flatMap((name) => objectOf(own(row, name)))])
    for (const name of names) {
      const value = own(from, name)
      if (value !== undefined && value !== null && value !== '') return value
    }
  return undefined
}

const objectOf = (value: unknown): object[] => (typeof value === 'object' && value !== null ? [value] : [])
const own = (row: object, name: string): unknown => (Object.hasOwn(row, name) ? (row as Record<string, unknown>)[name] : undefined)
