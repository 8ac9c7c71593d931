import { readDataFile, type ReadableFile } from '#infra/corpus/read-data-file.ts'
import type { ColumnName } from '#schemas/document-columns.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { startOf } from '#schemas/text-bytes.ts'
import type { ReadOptions } from './dataset-query.ts'

export interface WantedRow {
  listed: Pick<ReadableFile, 'file'>
  row: number
}

/**
 * Rows of data files, in the order asked; each file is read once. Their texts are cut where all those before have taken what may be taken.
 */
export async function readRows<Name extends ColumnName>(
  store: Pick<ObjectStore, 'get'>,
  wanted: readonly WantedRow[],
  columns: readonly Name[] | undefined,
  { textBytesMax, signal = new AbortController().signal }: ReadOptions,
): Promise<Pick<Document, Name>[]> {
  const files = new Map<string, { listed: Pick<ReadableFile, 'file'>; places: Map<number, number[]> }>()
  for (const [n, { listed, row }] of wanted.entries()) {
    const known = files.get(listed.file.key) ?? { listed, places: new Map<number, number[]>() }
    files.set(listed.file.key, known)
    known.places.set(row, [...(known.places.get(row) ?? []), n])
  }
  const found: Pick<Document, Name>[] = []
  let bytesLeft = textBytesMax
  for (const { listed, places } of files.values()) {
    const options = { signal, rows: places.keys(), ...(columns && { columns }) }
    for await (const rows of readDataFile<Name>(store, { file: listed.file, deletes: null }, options)) {
      for (const { row, document } of rows) {
        const cut = cutTexts(document, bytesLeft)
        bytesLeft -= cut.bytes
        for (const n of places.get(row) ?? []) found[n] = cut.document
      }
    }
  }
  return found
}

function cutTexts<Columns extends Partial<Pick<Document, 'text' | 'markdown'>>>(document: Columns, bytesMax: number): { document: Columns; bytes: number } {
  const text = document.text === undefined ? undefined : startOf(document.text, bytesMax)
  const textBytes = Buffer.byteLength(text ?? '')
  const markdown = typeof document.markdown === 'string' ? startOf(document.markdown, bytesMax - textBytes) : document.markdown
  const cut = { ...document, ...(text !== undefined && { text }), ...(markdown !== undefined && { markdown }) }
  return { document: cut, bytes: textBytes + Buffer.byteLength(markdown ?? '') }
}
