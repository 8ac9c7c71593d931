import { z } from 'zod'
import type { DataEntity } from './data-universe.ts'
import { columnShape, timesAs } from './document-columns.ts'

export { PageType } from './document-columns.ts'

/**
 * One version of one page. Its fields, the Parquet columns of a shard, and their bounds are those of document-columns.ts.
 * `id` = sha256 of the normalized text (identity/content-id.ts), `uri` = the canonical URL that its page is known by (pageUrl of identity/canonical-url.ts).
 */
export const Document = z.strictObject(columnShape)
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
export const encodeDocument = (document: Document): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(document).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value instanceof Uint8Array ? base64(value) : value]),
  )

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const iso = z.iso.datetime().transform((text) => new Date(text))
const DocumentJson = z.strictObject({
  ...columnShape,
  ...timesAs(iso),
  minhash: z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
})

/** @throws ZodError when it is no document */
export const decodeDocument = (value: unknown): Document => Document.parse(DocumentJson.parse(value))
