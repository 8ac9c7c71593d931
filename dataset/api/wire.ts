import { z } from 'zod'
import { Document } from '#schemas/document.ts'
import { timesAs } from '#schemas/document-columns.ts'
import { namedValues } from '#schemas/named-values.ts'

/** The border of the query API. Times are ISO 8601 in UTC, sizes bytes, hashes lower-case hex sha256. */
const sha256 = z.string()
const count = z.int().nonnegative()
const instant = z.iso.datetime()
const name = z.string().regex(/^[A-Za-z0-9._=@+-]{1,128}$/, 'a dataset name: letters, digits and . _ = @ + -')
const versionQuery = z.coerce.number().int().positive().optional().describe('Version of the dataset; the newest when left out.')
const time = z.iso.datetime({ offset: true, error: 'a time like 2026-01-31T00:00:00Z' })

export const DatasetParams = z.object({ name })
export const DocumentParams = z.object({ name, id: z.string().regex(/^[0-9a-f]{64}$/, 'an id is 64 lower-case hex digits') })

export const VersionsQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(50) })
export const VersionQuery = z.strictObject({ version: versionQuery })

export const DocumentsQuery = z.strictObject({
  label: z.string().min(1).max(140).optional(),
  host: z.string().min(1).max(255).optional(),
  lang: z.string().min(1).max(35).optional(),
  uri: z.string().min(1).max(4096).optional().describe('A page, by any spelling of its URL.'),
  from: time.optional().describe('First datetime, inclusive.'),
  to: time.optional().describe('Last datetime, exclusive.'),
  q: z.string().min(2).max(200).optional().describe('The text contains this, whatever the case.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  version: versionQuery,
  cursor: z.string().min(1).max(200).optional().describe('`next_cursor` of the page before. It stays with the version it began with.'),
})
export type DocumentsQuery = z.infer<typeof DocumentsQuery>

const VersionSummary = z.strictObject({
  name: z.string(),
  version: z.int().positive(),
  sha256: sha256.describe('Content address of the manifest.'),
  parent: sha256.nullable(),
  documents: count,
  text_bytes: count,
  files: count,
  labels: namedValues(count),
  dropped: namedValues(count).describe('Rows left out, by reason.'),
})
export const Datasets = z.strictObject({ datasets: z.array(VersionSummary) })
export const Versions = z.strictObject({ versions: z.array(VersionSummary) })

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
  tokens: TokensSummary.nullable(),
})

/** A document as JSON: dates as text, without its texts and its signature. */
export const DocumentFields = Document.omit({ minhash: true, text: true, markdown: true }).extend(timesAs(instant))
export type DocumentFields = z.infer<typeof DocumentFields>

export const Documents = z.strictObject({
  dataset: z.string(),
  version: z.int().positive(),
  documents: z.array(DocumentFields.extend({ excerpt: z.string().describe('The first 280 characters of the text.') })),
  next_cursor: z.string().nullable(),
})
export type Documents = z.infer<typeof Documents>

export const Provenance = z.strictObject({
  dataset: z.strictObject({ name: z.string(), version: z.int().positive(), sha256 }),
  hotkey: z.string().describe('Miner that signed the shard.'),
  job_id: z.string(),
  shard: z.strictObject({ manifest: sha256, key: z.string(), sha256, written_at: instant }).nullable().describe('null when its manifest is no longer kept.'),
})
export type Provenance = z.infer<typeof Provenance>
export const OneDocument = z.strictObject({ document: DocumentFields.extend(Document.pick({ text: true, markdown: true }).shape), provenance: Provenance })

const StoredObject = z.strictObject({
  key: z.string(),
  sha256,
  bytes: count,
  url: z.string().nullable().describe('Signed for one hour; null when the store cannot sign.'),
})
export const Files = z.strictObject({
  dataset: z.string(),
  version: z.int().positive(),
  files: z.array(
    StoredObject.extend({
      name: z.string(),
      rows: count,
      live_rows: count.describe('Rows that are documents of the version.'),
      deletes: StoredObject.nullable().describe('Positions of the rows that are not: a deletion-vector-v1 of Apache Iceberg. null: all of them are.'),
    }),
  ),
})
export type Files = z.infer<typeof Files>
