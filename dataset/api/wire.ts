import { z } from 'zod'
import { Document } from '#schemas/document.ts'
import { timesAs } from '#schemas/document-columns.ts'
import { sourceName } from '#schemas/data-universe.ts'
import { namedValues } from '#schemas/named-values.ts'
import { FormatQuery } from './answer.ts'
import { cursorParameter, flag, fraction, moment, someOf, whole, word } from './parameters.ts'

/** The border of the query API. Times are ISO 8601 in UTC, sizes bytes, hashes lower-case hex sha256. */
const sha256 = z.string()
const count = z.int().nonnegative()
const instant = z.iso.datetime()
const name = z.string().regex(/^[A-Za-z0-9._=@+-]{1,128}$/, 'a dataset name: letters, digits and . _ = @ + -')
const version = whole(1, 1e15 - 1)
  .optional()
  .describe('Version of the dataset; the newest when left out.')
const nextCursor = z.string().nullable().describe('`cursor` of the next page; null at the end. Also a link of the answer, rel=next.')

export const DatasetParams = z.strictObject({ name })
export const DocumentParams = z.strictObject({ name, id: z.string().regex(/^[0-9a-f]{64}$/, 'an id is 64 lower-case hex digits') })

export const VersionQuery = z.strictObject({ version, format: FormatQuery })
export const ListQuery = z.strictObject({ limit: whole(1, 200).default(50), cursor: cursorParameter, format: FormatQuery })
export const FilesQuery = z.strictObject({ version, limit: whole(1, 1000).default(1000), cursor: cursorParameter, format: FormatQuery })

const facetFields = ['label', 'host', 'lang', 'source', 'licence'] as const
const sorts = ['id', 'datetime', '-datetime', 'text_bytes', '-text_bytes', '-quality', 'relevance'] as const

/** Which documents are meant (dataset-query.ts, `Filters`). */
export const FiltersQuery = z.strictObject({
  label: word(140).optional(),
  host: word(255).optional().describe('A host by any spelling of it, with its port or for every port.'),
  lang: word(64).optional().describe('Language, ISO 639.'),
  uri: word(4096).optional().describe('A page, by any spelling of its URL.'),
  source: word(32)
    .transform((source) => (/^\d{1,3}$/.test(source) ? sourceName(Number(source)) : source.toLowerCase()))
    .optional()
    .describe('Data Universe source, by its number or name: web, reddit, x.'),
  licence: word(255).optional(),
  min_quality: fraction.optional().describe('Least quality, 0..1.'),
  from: moment.optional().describe('First datetime, inclusive.'),
  to: moment.optional().describe('Last datetime, exclusive.'),
  q: word(200).optional().describe('Words that all stand in the title or text, whatever their case and order; in "quotes" one after the other.'),
})

export const DocumentsQuery = FiltersQuery.extend({
  sort: z.enum(sorts).optional().describe('`-`: falling. Ties go by id. Left out: `relevance` with `q`, else `id`.'),
  facets: someOf(facetFields).optional().describe('Most frequent values of these fields among the documents that fit.'),
  total: flag.default(true).describe('Whether to say how many documents fit.'),
  text: flag.default(false).describe('Whether to send the texts, too. A page ends early where its answer would grow beyond 4 MiB.'),
  limit: whole(1, 1000).default(50),
  version,
  cursor: cursorParameter.describe('`next_cursor` of the page before: it stays with the version it began with, and with its question.'),
  format: FormatQuery,
})

const datasetExample = {
  name: 'web',
  version: 12,
  sha256: 'b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78',
  parent: null,
  documents: 40,
  text_bytes: 812_345,
  files: 3,
  labels: { docs: 40 },
  dropped: { near_duplicate: 2 },
}
export const VersionSummary = z
  .strictObject({
    name: z.string(),
    version: z.int().positive(),
    sha256: sha256.describe('Content address of the manifest.'),
    parent: sha256.nullable(),
    documents: count,
    text_bytes: count,
    files: count,
    labels: namedValues(count).describe('Documents by label.'),
    dropped: namedValues(count).describe('Rows left out, by reason.'),
  })
  .meta({ id: 'VersionSummary', examples: [datasetExample] })
export type VersionSummary = z.infer<typeof VersionSummary>
export const Datasets = z
  .strictObject({ datasets: z.array(VersionSummary), next_cursor: nextCursor })
  .meta({ id: 'Datasets', examples: [{ datasets: [datasetExample], next_cursor: null }] })
export const Versions = z
  .strictObject({ versions: z.array(VersionSummary), next_cursor: nextCursor })
  .meta({ id: 'Versions', examples: [{ versions: [datasetExample], next_cursor: null }] })

const TokensSummary = z.strictObject({
  version: z.int().positive(),
  sha256,
  dataset: sha256.describe('The dataset version that was tokenized.'),
  tokenizer: z.strictObject({ name: z.string(), fingerprint: sha256, vocabulary: count }),
  tokens: count,
  shards: count,
})
export const Dataset = VersionSummary.extend({
  sources: z
    .array(sha256)
    .describe('Content addresses of the snapshots of miners that it was made of; of versions made before there were any, sha256 of their shards.'),
  origin: z.strictObject({ code_version: z.string(), config_sha256: sha256 }),
  tokens: TokensSummary.nullable().describe('The newest tokens of the dataset; null where it has none.'),
}).meta({
  id: 'Dataset',
  examples: [
    {
      ...datasetExample,
      sources: ['2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'],
      origin: { code_version: '0.1.0', config_sha256: 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9' },
      tokens: null,
    },
  ],
})
export type Dataset = z.infer<typeof Dataset>

/** A document as JSON: dates as text, without its texts and its signature. */
export const DocumentFields = Document.omit({ minhash: true, text: true, markdown: true }).extend(timesAs(instant)).meta({ id: 'DocumentFields' })
export type DocumentFields = z.infer<typeof DocumentFields>

const ListedDocument = DocumentFields.extend({
  excerpt: z.string().describe('The first 280 characters of the text, or those around what was sought.'),
  score: z.number().nullable().describe('BM25, higher is better; null where nothing was sought.'),
  text: z.string().optional().describe('With `text=true`; empty where its file cannot be read.'),
}).meta({ id: 'ListedDocument' })

export const Documents = z
  .strictObject({
    dataset: z.string(),
    version: z.int().positive(),
    documents: z.array(ListedDocument),
    next_cursor: nextCursor,
    total: z.strictObject({ documents: count, is_exact: z.boolean() }).nullable().describe('How many documents fit; null with `total=false`.'),
    facets: z.array(
      z.strictObject({
        field: z.enum(facetFields),
        distinct: count.describe('Distinct values there are.'),
        values: z.array(z.strictObject({ value: z.string(), documents: count })).describe('Most frequent first, 20 at most.'),
      }),
    ),
    no_match: z
      .array(z.strictObject({ field: z.string(), value: z.string(), nearest: z.array(z.string()) }))
      .describe('Filters that match nothing whatever else is asked, since no document has that value; with the values there are that are likest.'),
    partial: z
      .strictObject({ documents: count })
      .nullable()
      .describe('The answer was made of so many documents of the version, as the indexes do not cover it yet; null: of all.'),
  })
  .meta({
    id: 'Documents',
    examples: [
      {
        dataset: 'web',
        version: 12,
        documents: [],
        next_cursor: null,
        total: { documents: 0, is_exact: true },
        facets: [],
        no_match: [{ field: 'lang', value: 'eng', nearest: ['en'] }],
        partial: null,
      },
    ],
  })
export type Documents = z.infer<typeof Documents>

export const Provenance = z.strictObject({
  dataset: z.strictObject({ name: z.string(), version: z.int().positive(), sha256 }),
  hotkey: z.string().describe('Miner that signed the shard.'),
  job_id: z.string(),
  shard: z.strictObject({ manifest: sha256, key: z.string(), sha256, written_at: instant }).nullable().describe('null when its manifest is no longer kept.'),
})
export type Provenance = z.infer<typeof Provenance>
export const OneDocument = z
  .strictObject({ document: DocumentFields.extend(Document.pick({ text: true, markdown: true }).shape), provenance: Provenance })
  .meta({ id: 'OneDocument' })

const StoredObject = z.strictObject({
  key: z.string(),
  sha256,
  bytes: count,
  url: z.string().nullable().describe('Signed for one hour; null when the store cannot sign.'),
})
const File = StoredObject.extend({
  name: z.string(),
  rows: count,
  live_rows: count.describe('Rows that are documents of the version.'),
  deletes: StoredObject.nullable().describe('Positions of the rows that are not: a deletion-vector-v1 of Apache Iceberg. null: all of them are.'),
}).meta({ id: 'File' })
export type File = z.infer<typeof File>
export const Files = z
  .strictObject({ dataset: z.string(), version: z.int().positive(), files: z.array(File), next_cursor: nextCursor })
  .meta({ id: 'Files', examples: [{ dataset: 'web', version: 12, files: [], next_cursor: null }] })
