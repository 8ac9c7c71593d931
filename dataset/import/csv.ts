import { setImmediate as nextTurn } from 'node:timers/promises'
import { OrreryError } from '#schemas/errors.ts'
import { damaged, RowFault, type ForeignRow } from './foreign-row.ts'
import { textBytesOf } from './source-bytes.ts'

/** Of a record: a text of the most bytes that a document has, with all that stands beside it. */
const recordCharsMax = 64 * 2 ** 20
const rowsPerTurn = 200
/** Of a record: far more than a file has columns. */
const fieldsMax = 10_000

/**
 * The records of a CSV file (RFC 4180), plain or packed with gzip or zstd, the first of which names the columns; one in memory at a time. A field that begins with a
 * quote may hold commas and line ends; a quote within another is one, as spreadsheets and Python have it. A record with another count of fields costs itself.
 * @param from first row, from 0
 * @throws OrreryError `not_found`; `invalid_record` where it cannot be unpacked, or a quote has no end
 */
export async function* csvRowsOf(path: string, from: number, signal: AbortSignal): AsyncGenerator<ForeignRow> {
  let at = -1
  let names: string[] | undefined
  try {
    for await (const fields of recordsOf(textBytesOf(path, signal))) {
      if (fields.length === 1 && fields[0] === '') continue
      if (!names) names = fields
      else if (at >= from) yield { at, where: `row ${at}`, cells: cellsOf(names, fields) }
      if (++at % rowsPerTurn === 0) await nextTurn()
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw cause instanceof OrreryError ? cause : damaged(path, `row ${Math.max(0, at)}`, cause)
  }
}

/** Without a prototype: a column may have any name. */
function cellsOf(names: readonly string[], fields: readonly string[]): object {
  if (fields.length !== names.length) return new RowFault('field_count', `it has ${fields.length} fields, the first line ${names.length}`)
  const cells = Object.create(null) as Record<string, string>
  for (const [n, name] of names.entries()) cells[name] = fields[n] ?? ''
  return cells
}

/** Fields of each record, however its bytes are cut. @throws Error for a quote without an end */
export async function* recordsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder()
  const reader = new RecordReader()
  for await (const chunk of chunks) yield* reader.push(decoder.decode(chunk, { stream: true }))
  yield* reader.push(decoder.decode())
  yield* reader.end()
}

/** Puts records together from pieces of text, however they are cut. */
class RecordReader {
  #fields: string[] = []
  #field = ''
  /** `start`: of a field; `open`: within quotes; `quote`: behind one within them, which may be the first of two. */
  #state: 'start' | 'plain' | 'open' | 'quote' = 'start'
  #chars = 0;

  *push(text: string): Generator<string[]> {
    this.#chars += text.length
    if (this.#chars > recordCharsMax + text.length) throw new Error('a quote has no end')
    for (let at = 0; at < text.length;) {
      if (this.#state === 'open') at = this.#takeQuoted(text, at)
      else if (text[at] === '"' && this.#state !== 'plain') {
        if (this.#state === 'quote') this.#field += '"'
        this.#state = 'open'
        at++
      } else {
        const stop = nextOf(text, at)
        this.#field += text.slice(at, stop)
        this.#state = 'plain'
        at = stop + 1
        const mark = text[stop]
        if (mark !== undefined) this.#endField(mark)
        if (mark === '\n') yield this.#record(text.length - at)
      }
    }
  }

  /** A last record without a line end. */
  *end(): Generator<string[]> {
    if (this.#state === 'open') throw new Error('a quote has no end')
    if (this.#field === '' && this.#fields.length === 0) return
    this.#endField('\n')
    yield this.#record(0)
  }

  #endField(mark: string): void {
    if (this.#fields.push(withoutReturn(this.#field, mark)) > fieldsMax) throw new Error(`it has more than ${fieldsMax} fields`)
    this.#field = ''
    this.#state = 'start'
  }

  #takeQuoted(text: string, at: number): number {
    const close = text.indexOf('"', at)
    const stop = close < 0 ? text.length : close
    this.#field += text.slice(at, stop)
    if (close >= 0) this.#state = 'quote'
    return stop + 1
  }

  #record(left: number): string[] {
    const fields = this.#fields
    this.#fields = []
    this.#chars = left
    return fields
  }
}

/** Where a field ends. */
function nextOf(text: string, at: number): number {
  marks.lastIndex = at
  return marks.exec(text)?.index ?? text.length
}
const marks = /[,\n]/g

/** Lines may end in CR LF. */
const withoutReturn = (field: string, mark: string): string => (mark === '\n' && field.endsWith('\r') ? field.slice(0, -1) : field)
