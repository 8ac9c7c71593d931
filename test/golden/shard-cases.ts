import type { Document } from '#schemas/document.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { testDocument, testDocuments } from './documents.ts'

/** 67 bytes and then more; the 64th stands within a character. */
export const longText = `${'é'.repeat(31)}😀${'z'.repeat(40)}`
/** No text is greater than all that begin with it. */
const lastText = '\u{10FFFF}'.repeat(100)
const bare: Partial<Document> = { author: null, site_name: null, published_at: null, modified_at: null, etag: null, last_modified: null }

/** Rows whose bounds, nulls and counts are of every kind, as shards. */
export const shardCases = (
  [
    ['no rows', []],
    ['rows of all kinds', [...testDocuments(40), testDocument(40, { title: longText }), testDocument(41, { title: `\u{FFFD}${'x'.repeat(80)}` })]],
    ['nothing but nulls', testDocuments(3, bare)],
    ['bounds that cannot be raised', testDocuments(3, { title: lastText, site_name: lastText })],
    ['bounds that are empty', testDocuments(3, { title: '', etag: '', author: '', lang_score: -0, published_score: 1, text: '\0' })],
    ['pages of several kinds', [...testDocuments(5_000, bare), ...testDocuments(20, { text: longText.repeat(200) })]],
  ] as const
).flatMap(([name, documents]) =>
  (['zstd', 'snappy'] as const).map((codec) => ({ name: `${name}, ${codec}`, documents, bytes: encodeDocuments(documents, { codec }) })),
)
