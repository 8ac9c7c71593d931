import type { DatasetQuery, FoundDocument, Page, Question } from '#dataset/query/dataset-query.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { jsonOf } from './encode.ts'

export type ListedRow = FoundDocument['document'] & { excerpt: string; score: number | null }

export interface DocumentPage extends Omit<Page, 'documents'> {
  rows: (ListedRow & { text?: string })[]
}

/** As JSON: a page ends before the document that would make it larger, its first aside. */
const pageBytesMax = 4 * 2 ** 20
/** More than the texts of one document take. */
const textsBytesMax = 32 * 2 ** 20

/** A page of documents, with their texts where they are wished for, bounded in bytes. */
export async function documentPage(
  query: DatasetQuery,
  entry: DatasetEntry,
  question: Question,
  { withText, signal }: { withText: boolean; signal: AbortSignal },
): Promise<DocumentPage> {
  const { documents, ...rest } = await query.page(entry, question, signal)
  const rows = withText ? await rowsWithTexts(query, entry, documents, signal) : fitting(documents.map(rowOf))
  if (rows.length === documents.length) return { ...rest, rows }
  const { next } = await query.page(entry, { ...question, limit: rows.length }, signal)
  return { ...rest, rows, next }
}

/** The first of them with their texts, as many as fit a page; at least one. */
export async function rowsWithTexts(
  query: DatasetQuery,
  entry: DatasetEntry,
  found: readonly FoundDocument[],
  signal: AbortSignal,
): Promise<(ListedRow & { text: string })[]> {
  const likely = leading(found.map(rowOf), (row) => jsonBytes(row) + row.text_bytes)
  const texts = await query.texts(entry, found.slice(0, likely), { textBytesMax: textsBytesMax, signal })
  const rows = found.flatMap((each, at) => {
    const text = texts[at]?.text
    return text === undefined ? [] : [{ ...rowOf(each), text }]
  })
  // Escapes make a text longer.
  return fitting(rows.slice(0, Math.max(1, wholeOf(rows, texts))))
}

/** How many of the first came whole. What is short before the bytes are used up cannot be read, and is empty. */
function wholeOf(rows: readonly { text_bytes: number }[], texts: readonly { text: string; markdown: string | null }[]): number {
  let bytes = 0
  for (const [at, { text, markdown }] of texts.entries()) {
    bytes += Buffer.byteLength(text) + Buffer.byteLength(markdown ?? '')
    // Cut at a character, it may lack some bytes.
    if (bytes > textsBytesMax - 8 && Buffer.byteLength(text) < (rows[at]?.text_bytes ?? 0)) return at
  }
  return texts.length
}

const rowOf = ({ document, excerpt, score }: FoundDocument): ListedRow => ({ ...document, excerpt, score })

const fitting = <Row>(rows: readonly Row[]): Row[] => rows.slice(0, leading(rows, jsonBytes))

const jsonBytes = (row: unknown): number => Buffer.byteLength(jsonOf(row))

/** How many of the first fit a page. */
function leading<Row>(rows: readonly Row[], bytesOf: (row: Row) => number): number {
  let bytes = 0
  for (const [at, row] of rows.entries()) {
    bytes += bytesOf(row)
    if (bytes > pageBytesMax) return Math.max(1, at)
  }
  return rows.length
}
