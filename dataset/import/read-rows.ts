import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ImportReader } from '#schemas/import-reader.ts'
import { csvRowsOf } from './csv.ts'
import { RowFault, type ForeignRow } from './foreign-row.ts'
import { columnsOfSchema, foreignSchema, schemaOf, type ForeignSchema, type SchemaName } from './foreign-schema.ts'
import { documentOfPage, documentOfRow, type Importing } from './imported-document.ts'
import { jsonLinesOf } from './jsonl.ts'
import { columnNames, parquetFooter, parquetRowsOf } from './parquet-rows.ts'
import { bytesOf, openFileBytes } from './source-bytes.ts'
import type { SourceFile } from './source-files.ts'

/** A row, and the document that it is, or why it is none. */
interface ReadRow {
  at: number
  where: string
  document: Document | { code: string; column?: string }
}

/** A file whose schema is known. */
export interface OpenRows extends AsyncDisposable {
  path: string
  /** Of its rows, or `warc`. */
  schema: SchemaName | 'warc'
  /** In its order. @param from first row @throws OrreryError `invalid_record` where it cannot be read on; the signal's reason */
  documents(importing: Importing, from: number, reader: ImportReader, signal: AbortSignal): AsyncGenerator<ReadRow>
}

/** So much is read at the same time, or one row that is longer; rows are kept in their order. */
const aheadMax = { rows: 32, chars: 2 ** 23 }

/** @param wanted what its rows are; undefined: told by their columns @throws OrreryError `not_found`, `invalid_record`, `invalid_argument` for a file without a text */
export async function openRows({ path, kind }: SourceFile, wanted: SchemaName | undefined, signal: AbortSignal): Promise<OpenRows> {
  const nothing = { path, [Symbol.asyncDispose]: () => Promise.resolve() }
  if (kind === 'warc')
    return { ...nothing, schema: 'warc', documents: (importing, from, reader) => archived(reader.readArchive(bytesOf(path, signal), from, signal), importing) }
  if (kind === 'jsonl' || kind === 'csv') {
    const rowsOf = kind === 'csv' ? csvRowsOf : jsonLinesOf
    const members = await firstMembers(
      path,
      rowsOf(path, 0, signal),
      kind === 'csv' ? 'fields are read as parted by commas' : 'JSON is read as one object a line',
    )
    const schema = wanted === undefined ? schemaOf(members) : foreignSchema(wanted)
    // Members of JSON may be others in each row.
    if (kind === 'csv' && members.size > 0) requireText(path, [...members], schema)
    return { ...nothing, schema: schema.name, documents: (importing, from, reader) => read(rowsOf(path, from, signal), schema, importing, reader, signal) }
  }
  await using stack = new AsyncDisposableStack()
  const file = stack.use(await openFileBytes(path))
  const footer = await parquetFooter(path, file)
  const columns = columnNames(footer)
  const schema = wanted === undefined ? schemaOf(new Set(columns)) : foreignSchema(wanted)
  requireText(path, columns, schema)
  const asked = columnsOfSchema(schema).filter((name) => columns.includes(name))
  const closing = stack.move()
  return {
    path,
    schema: schema.name,
    documents: (importing, from, reader) => read(parquetRowsOf({ path, file, footer }, asked, from, signal), schema, importing, reader, signal),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

function requireText(path: string, columns: readonly string[], { text }: ForeignSchema): void {
  if (text.some((name) => columns.includes(name))) return
  const has = columns.slice(0, 20).join(', ').slice(0, 200)
  throw new OrreryError('invalid_record', `${path} has no column ${text.join(' or ')} to take texts from; it has ${has}.`, { path })
}

/** Of the first row that can be read; none where there are no rows. @throws OrreryError `invalid_record` where none can be read */
async function firstMembers(path: string, rows: AsyncIterable<ForeignRow>, form: string): Promise<Set<string>> {
  let first: string | undefined
  for await (const { where, cells } of rows) {
    if (!(cells instanceof RowFault)) return new Set(Object.keys(cells))
    first ??= `${where}: ${cells.problem}`
  }
  if (first === undefined) return new Set()
  throw new OrreryError('invalid_record', `${path} has no row that can be read (${first}); ${form}.`, { path })
}

async function* read(
  rows: AsyncIterable<ForeignRow>,
  schema: ForeignSchema,
  importing: Importing,
  reader: ImportReader,
  signal: AbortSignal,
): AsyncGenerator<ReadRow> {
  const ahead: { reading: Promise<ReadRow>; chars: number }[] = []
  let aheadChars = 0
  const first = (): Promise<ReadRow> => {
    const { reading, chars } = ahead.shift() as (typeof ahead)[number]
    aheadChars -= chars
    return reading
  }
  let tear: unknown
  try {
    for await (const { at, where, cells } of rows) {
      const chars = charsOf(cells)
      while (ahead.length > 0 && (ahead.length >= aheadMax.rows || aheadChars + chars > aheadMax.chars)) yield await first()
      const made = cells instanceof RowFault ? Promise.resolve({ code: cells.code }) : documentOfRow(cells, schema, importing, reader, signal)
      const reading = made.then((document) => ({ at, where, document }))
      // Nobody may be waiting for it when one before it fails.
      reading.catch(() => undefined)
      ahead.push({ reading, chars })
      aheadChars += chars
    }
  } catch (error) {
    signal.throwIfAborted()
    tear = error
  }
  // What came before a tear is good.
  while (ahead.length > 0) yield await first()
  if (tear !== undefined) throw tear
}

/** Of the texts that stand in a row itself. */
const charsOf = (cells: object): number => Object.values(cells).reduce((sum: number, cell: unknown) => sum + (typeof cell === 'string' ? cell.length : 0), 0)

async function* archived(records: ReturnType<ImportReader['readArchive']>, importing: Importing): AsyncGenerator<ReadRow> {
  for await (const { index, subject, document } of records)
    yield { at: index, where: subject, document: typeof document === 'string' ? { code: document } : documentOfPage(document, importing) }
}
