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
