import type { FileMetaData, SchemaElement } from 'hyparquet'
import { z, type ZodError } from 'zod'
import { columnShape, type ColumnName } from '../document-columns.ts'
import type { Document } from '../document.ts'
import { ChunkReader, type GroupBudget } from './chunk-reader.ts'
import { documentColumns, fromCell, schemaOfFile, type Column } from './columns.ts'
import { inMemory, type FileBytes } from './file-bytes.ts'
import { guard, malformed, readFooter, schemaFault } from './inspect.ts'
import { checkGroups, groupBytesMax } from './pages.ts'

/** Of so few rows nothing is read ahead, and no more is unpacked than this: their pages have 2 MiB each, as we write them, but for one large text. */
const sparseRows = 8
const sparseBytesMax = 160 * 2 ** 20

/** So many rows are decoded in one step, if no page ends before. */
const batchRowsMax = 250

/** A row of a file, by its position there, from 0. */
export interface FileRow<Name extends ColumnName = ColumnName> {
  row: number
  document: Pick<Document, Name>
}

/** A row that is no Document. */
export class RefusedRow {
  /** Its place in the file, from 0. */
  readonly row: number
  readonly column: string
  /** `too_large`: its cell is longer than the column may be. */
  readonly reason: 'too_large' | 'invalid'
  readonly what: string

  constructor(row: number, column: string, reason: RefusedRow['reason'], what: string) {
    this.row = row
    this.column = column
    this.reason = reason
    this.what = what
  }

  /** Why, as a stable code. */
  get code(): string {
    if (this.column === 'label') return 'bad_label'
    return this.column === 'text' && this.reason === 'invalid' ? 'empty' : `${this.column}_${this.reason}`
  }
}

export interface RowSelection<Name extends ColumnName = ColumnName> {
  /** Columns that are read; all when absent. */
  columns?: readonly Name[] | undefined
  /** The first position that is wanted. */
  from?: number | undefined
  /** Positions that are wanted, ascending; all when absent. */
  rows?: readonly number[] | undefined
  /** Positions that are not. */
  except?: { has(row: number): boolean } | undefined
}

/**
 * The rows of a file of others, some hundreds at a time, in its order, in memory bounded by a page of each column: a row that is no Document costs itself. A
 * label is made lower-case, as Data Universe does.
 * @param rowsSaid what its manifest says it has
 * @throws OrreryError `invalid_record` for bytes that are no shard, maybe after some of its rows
 */
export async function* decodeFile<Name extends ColumnName = ColumnName>(
  file: FileBytes,
  { columns, from = 0, rows, except }: RowSelection<Name> = {},
  rowsSaid?: number,
): AsyncGenerator<(FileRow<Name> | RefusedRow)[]> {
  const metadata = await readFooter(file)
  const fault = guard('its footer cannot be read', () => schemaFault(metadata))
  if (fault) throw malformed(fault)
  if (rowsSaid !== undefined && Number(metadata.num_rows) !== rowsSaid) throw malformed(`it has ${metadata.num_rows} rows, its manifest says ${rowsSaid}`)
  guard('its footer cannot be read', () => checkGroups(metadata, file.byteLength))
  const wanted = new WantedRows(from, rows)
  const read = reading<Name>(columns)
  const schema = schemaOfFile(metadata.schema)
  let first = 0
  for (const group of metadata.row_groups) {
    const end = first + Number(group.num_rows)
    const place = { first, end }
    first = end
    if (wanted.next(place.first) < end) yield* decodeGroup(file, { schema, group, ...place, wanted, read, except })
  }
}

/** All documents of a file in memory. @throws OrreryError `invalid_record` for bytes that are no shard, or a row that is no Document */
export async function decodeDocuments(bytes: Uint8Array): Promise<Document[]> {
  const documents: Document[] = []
  for await (const rows of decodeFile(inMemory(bytes))) for (const row of rows) documents.push(requireRow(row).document)
  return documents
}

/** @throws OrreryError `invalid_record` */
export function requireRow<Name extends ColumnName>(row: FileRow<Name> | RefusedRow): FileRow<Name> {
  if (row instanceof RefusedRow) throw malformed(`its row ${row.row} is no document: its ${row.column} is refused, ${row.what}`)
  return row
}

/** What is read of each row, and what it must be. */
interface Reading {
  columns: readonly Column[]
  schema: z.ZodType
}

function reading<Name extends ColumnName>(names: readonly Name[] | undefined): Reading {
  const wanted = names && new Set<string>(names)
  const columns = documentColumns.filter(({ name }) => !wanted || wanted.has(name))
  return { columns, schema: z.strictObject(Object.fromEntries(columns.map(({ name }) => [name, columnShape[name]]))) }
}

/** Which rows are wanted, asked about in ascending order. */
class WantedRows {
  readonly #from: number
  readonly #rows: readonly number[] | undefined
  #at = 0

  constructor(from: number, rows: readonly number[] | undefined) {
    this.#from = from
    this.#rows = rows
  }

  get isSparse(): boolean {
    return this.#rows !== undefined && this.#rows.length <= sparseRows
  }

  /** The first one at `row` or behind it. */
  next(row: number): number {
    const first = Math.max(row, this.#from)
    if (!this.#rows) return first
    while (this.#at < this.#rows.length && (this.#rows[this.#at] as number) < first) this.#at++
    return this.#rows[this.#at] ?? Infinity
  }
}

interface GroupReading {
  /** Of the file. */
  schema: readonly SchemaElement[]
  group: FileMetaData['row_groups'][number]
  /** Positions of its rows in the file: [first, end). */
  first: number
  end: number
  wanted: WantedRows
  read: Reading
  except: RowSelection['except']
}

async function* decodeGroup<Name extends ColumnName>(file: FileBytes, reading: GroupReading): AsyncGenerator<(FileRow<Name> | RefusedRow)[]> {
  const { schema, group, first, end, wanted, read, except } = reading
  const { isSparse } = wanted
  const budget: GroupBudget = { bytes: groupBytesMax, unpackedBytes: isSparse ? sparseBytesMax : groupBytesMax }
  const chunks = new Map(group.columns.map(({ meta_data: chunk }) => [chunk?.path_in_schema[0], chunk]))
  const readers = read.columns.map((column) => new ChunkReader(file, { column, schema, chunk: chunks.get(column.name)!, budget, isSparse }))
  const costs = new TextCosts(first)
  for (let at = first; at < end;) {
    const skipped = Math.min(end, wanted.next(at)) - at
    at += skipped
    for (const reader of readers) await reader.skip(skipped)
    if (at === end) return
    let count = Math.min(batchRowsMax, end - at)
    for (const reader of readers) count = Math.min(count, await reader.ready())
    const cells: ArrayLike<unknown>[] = []
    for (const reader of readers) cells.push(await reader.take(count))
    for (const [n, { kind }] of read.columns.entries()) if (kind === 'string' || kind === 'json') costs.add(cells[n] ?? [])
    const rows: (FileRow<Name> | RefusedRow)[] = []
    for (let n = 0; n < count; n++) if (wanted.next(at + n) === at + n && !except?.has(at + n)) rows.push(toRow<Name>(cells, n, at + n, read))
    at += count
    if (rows.length > 0) yield rows
  }
}

/** A dictionary gives a value that stands in the file once to any number of rows: each will cost as much as if it stood there by itself. */
class TextCosts {
  readonly #first: number
  #characters = 0

  constructor(first: number) {
    this.#first = first
  }

  add(cells: ArrayLike<unknown>): void {
    for (let n = 0; n < cells.length; n++) this.#characters += (cells[n] as string | null)?.length ?? 0
    if (this.#characters > groupBytesMax) throw malformed(`its rows from ${this.#first} hold more than ${groupBytesMax} characters`)
  }
}

/** @param cells of each column, of the rows of a batch @param n place of the row among these */
function toRow<Name extends ColumnName>(cells: readonly ArrayLike<unknown>[], n: number, row: number, read: Reading): FileRow<Name> | RefusedRow {
  const values: Record<string, unknown> = {}
  for (const [place, column] of read.columns.entries()) {
    try {
      const value = fromCell(column, cells[place]?.[n])
      values[column.name] = column.name === 'label' ? (value as string).toLowerCase() : value
    } catch (error) {
      return error instanceof RangeError
        ? new RefusedRow(row, column.name, 'too_large', error.message)
        : new RefusedRow(row, column.name, 'invalid', 'it is no JSON')
    }
  }
  const { data, error } = read.schema.safeParse(values)
  return error ? refusalOf(row, error) : { row, document: data as Pick<Document, Name> }
}

function refusalOf(row: number, error: ZodError): RefusedRow {
  const issue = error.issues[0]
  const isLong = issue?.code === 'too_big' && (issue.origin === 'string' || issue.origin === 'array')
  return new RefusedRow(row, String(issue?.path[0]), isLong ? 'too_large' : 'invalid', issue?.message.slice(0, 200) ?? '')
}
