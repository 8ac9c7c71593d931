import { z } from 'zod'
import { dataSource, DataLabel, type DataEntity } from './data-universe.ts'
import { Rights } from './rights.ts'

const Instant = z.date()
/** How a date was found, best first. */
const DateEvidence = z.enum(['json-ld', 'meta', 'microdata', 'time', 'url', 'text', 'last-modified', 'sitemap', 'copyright', 'none'])

/** What kind of page it is; the main text is found by the rule of its kind (the classes of the Web Content eXtraction Benchmark). */
export const PageType = z.enum(['article', 'documentation', 'forum', 'product', 'listing', 'collection', 'service'])
export type PageType = z.infer<typeof PageType>

/**
 * One version of one page. Field names are the Parquet columns (parquet/columns.ts).
 * `id` = sha256 of the normalized text (identity/content-id.ts), `uri` = the canonical URL that its page is known by (pageUrl of identity/canonical-url.ts).
 */
export const Document = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  uri: z.string().min(1),
  /** As it was asked for, after redirects: a spelling of `uri` and of no other page. */
  url: z.string().min(1),
  host: z.string().min(1),
  page_type: PageType,
  title: z.string(),
  author: z.string().nullable(),
  site_name: z.string().nullable(),
  /** For training: personal data is replaced by typed placeholders. */
  text: z.string().min(1),
  /** The same content for people. Null unless the miner keeps it. */
  markdown: z.string().nullable(),
  /** ISO 639-1, or `und` when it is too short or mixed. */
  lang: z.string(),
  lang_score: z.number().min(0).max(1),
  /** Share of the text by language, 0..1. */
  languages: z.record(z.string(), z.number().min(0).max(1)),
  label: DataLabel,
  source: z.literal(dataSource.WEB),
  /** The time freshness counts from: published, else first seen. */
  datetime: Instant,
  published_at: Instant.nullable(),
  published_by: DateEvidence,
  /** How sure the published date is, 0..1; 0 when there is none. */
  published_score: z.number().min(0).max(1),
  modified_at: Instant.nullable(),
  fetched_at: Instant,
  http_status: z.int().min(100).max(599),
  etag: z.string().nullable(),
  last_modified: z.string().nullable(),
  content_type: z.string(),
  html_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  text_bytes: z.int().positive(),
  /** 14 bands × 8 rows of u32, little-endian, 448 bytes (identity/minhash.ts). */
  minhash: z.instanceof(Uint8Array).refine((bytes) => bytes.length === 448, 'a signature is 448 bytes'),
  /** Score of each quality rule by its name. */
  quality: z.record(z.string(), z.number()),
  /** How often each kind of personal data was replaced: `email`, `ip`, `phone`, `iban`, `card`. */
  personal_data: z.record(z.string(), z.int().positive()),
  rights: Rights,
  job_id: z.string(),
  hotkey: z.string(),
  /** n-th stored version of this uri, from 1. */
  version: z.int().positive(),
})
export type Document = z.infer<typeof Document>

/** The Data Universe view of a document: its content is the UTF-8 of the text. */
export function toDataEntity(document: Document): DataEntity {
  const content = new TextEncoder().encode(document.text)
  return {
    uri: document.uri,
    datetime: document.datetime.toISOString(),
    source: document.source,
    label: document.label,
    content,
    content_size_bytes: content.length,
  }
}

/** A Document as JSON: dates as ISO strings, the signature as base64. For queues and rejects; Parquet has its own codec. */
export const encodeDocument = (document: Document): Record<string, unknown> => ({
  ...document,
  datetime: document.datetime.toISOString(),
  published_at: document.published_at?.toISOString() ?? null,
  modified_at: document.modified_at?.toISOString() ?? null,
  fetched_at: document.fetched_at.toISOString(),
  minhash: Buffer.from(document.minhash).toString('base64'),
})

const iso = z.iso.datetime().transform((text) => new Date(text))
const DocumentJson = z.strictObject({
  ...Document.shape,
  datetime: iso,
  published_at: iso.nullable(),
  modified_at: iso.nullable(),
  fetched_at: iso,
  minhash: z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
})

/** @throws ZodError when it is no document */
export const decodeDocument = (value: unknown): Document => Document.parse(DocumentJson.parse(value))
