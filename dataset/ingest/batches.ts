import type { Document } from '#schemas/document.ts'

/** Roughly what a document takes in memory and in a file: its text in UTF-8, three bytes for any other character, and its fixed parts. */
export function documentBytes(document: Document): number {
  const { text_bytes, languages, quality, personal_data, rights } = document
  const chars = Object.entries(document).reduce((sum, [name, value]) => (typeof value === 'string' && name !== 'text' ? sum + value.length : sum), 0)
  return text_bytes + 3 * (chars + JSON.stringify([languages, quality, personal_data, rights]).length) + 1024
}

/** Cuts a stream into files: at most `rows` documents and, unless a single one is larger, `bytes`. */
export async function* batches(
  documents: Iterable<Document> | AsyncIterable<Document>,
  { rows, bytes }: { rows: number; bytes: number },
): AsyncGenerator<Document[]> {
  let batch: Document[] = []
  let batchBytes = 0
  for await (const document of documents) {
    const size = documentBytes(document)
    if (batch.length === rows || (batch.length > 0 && batchBytes + size > bytes)) {
      yield batch
      batch = []
      batchBytes = 0
    }
    batch.push(document)
    batchBytes += size
  }
  if (batch.length > 0) yield batch
}
