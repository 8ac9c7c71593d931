import { parquetWriteBuffer } from 'hyparquet-writer'
import { documentColumns, documentSchema, toCell } from '#schemas/parquet/columns.ts'
import { compressors } from '#schemas/parquet/compression.ts'
import type { Document } from '#schemas/document.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { prose } from '#test/golden/documents.ts'

export const withText = (document: Document, text: string): Document => ({
  ...document,
  text,
  id: contentId(text),
  minhash: minhash(text),
  text_bytes: Buffer.byteLength(text),
})

/** Longer than what a page says itself. */
export const header = prose(7001, 130)
export const footer = prose(7002, 130)

/** The same pages of hosts that put a header and a footer around all that they say. */
export const sitePages = (documents: readonly Document[]): Document[] =>
  documents.map((document) => withText(document, `${header}\n\n${document.text}\n\n${footer}`))

/** A Parquet file as another program would write it: as the options of its writer say. */
export const writeForeign = (documents: readonly Document[], options: object): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      schema: [...documentSchema],
      columnData: documentColumns.map((column) => ({ name: column.name, data: documents.map((document) => toCell(column, document)) })),
      compressors,
      ...options,
    }),
  )
