import { setImmediate } from 'node:timers/promises'
import {
  Binary,
  Bool,
  DateDay,
  Field,
  Float64,
  Int64,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMillisecond,
  Utf8,
  makeData,
  vectorFromArray,
  type DataType,
} from 'apache-arrow'
import { ByteWriter, ParquetWriter, schemaFromColumnData, type BasicType } from 'hyparquet-writer'
import type { Rows, RowsColumn } from './rows.ts'

/** The formats of an answer, by the names of `?format=`; the first is what is sent to whoever does not say. */
export const formats = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
} as const
export type Format = keyof typeof formats

/** What stands beside the rows: of JSON its other members, of Arrow and Parquet the metadata `orrery` of the schema. NDJSON has rows alone. */
export interface Beside {
  /** Under which name the rows stand. */
  rows: string
  members: object
}

/** The rows in some format. Others are answered between batches of them. */
export async function encode({ columns, cells }: Rows, format: Format, { rows, members }: Beside): Promise<Uint8Array> {
  const batches = batchesOf(cells)
  switch (format) {
    case 'json': {
      const texts = await Array.fromAsync(batches, (batch) => jsonRows(columns, batch).join(','))
      return Buffer.from(`${JSON.stringify(members).slice(0, -1)}${Object.keys(members).length > 0 ? ',' : ''}"${rows}":[${texts.join(',')}]}`)
    }
    case 'ndjson': {
      const lines = await Array.fromAsync(batches, (batch) => jsonRows(columns, batch).map((row) => `${row}\n`))
      return Buffer.from(lines.flat().join(''))
    }
    case 'arrow':
      return arrowStream(columns, batches, members)
    case 'parquet':
      return parquetFile(columns, batches, members)
  }
}

/** What is encoded at once takes a few hundredths of a second. */
const batchRowsMax = 1000
const batchCharsMax = 2 ** 21

/** One at least. */
async function* batchesOf(cells: Rows['cells']): AsyncGenerator<Rows['cells']> {
  let [begin, chars] = [0, 0]
  for (const [at, row] of cells.entries()) {
    if (at - begin === batchRowsMax || chars > batchCharsMax) {
      yield cells.slice(begin, at)
      await setImmediate()
      ;[begin, chars] = [at, 0]
    }
    for (const cell of row) if (typeof cell === 'string' || cell instanceof Uint8Array) chars += cell.length
  }
  yield cells.slice(begin)
}

/** Each row as an object; a name that several columns have stands several times, as it was asked for. */
function jsonRows(columns: Rows['columns'], cells: Rows['cells']): string[] {
  const spelled = columns.map(({ name, kind }) => ({ name: JSON.stringify(name), spell: spellings[kind] ?? jsonOf }))
  return cells.map((row) => `{${spelled.map(({ name, spell }, at) => `${name}:${spell(row[at] ?? null)}`).join(',')}}`)
}

/** Of JSON as it is: times as ISO 8601. */
export const jsonOf = (cell: unknown): string => JSON.stringify(cell)

const spellings: Partial<Record<RowsColumn['kind'], (cell: unknown) => string>> = {
  // Beyond 2^53 as text.
  int: (cell) => (typeof cell !== 'bigint' ? jsonOf(cell) : Number.isSafeInteger(Number(cell)) ? String(cell) : `"${cell}"`),
  bytes: (cell) => (cell instanceof Uint8Array ? `"${Buffer.from(cell).toString('base64')}"` : 'null'),
}

const metadataName = 'orrery'

const arrowTypes: Record<RowsColumn['kind'], () => DataType> = {
  string: () => new Utf8(),
  json: () => new Utf8(),
  int: () => new Int64(),
  double: () => new Float64(),
  timestamp: () => new TimestampMillisecond('UTC'),
  date: () => new DateDay(),
  boolean: () => new Bool(),
  bytes: () => new Binary(),
}

/** Source: Arrow columnar format, "IPC Streaming Format". */
async function arrowStream(columns: Rows['columns'], batches: AsyncIterable<Rows['cells']>, members: object): Promise<Uint8Array> {
  const fields = columns.map(({ name, kind }) => new Field(name, arrowTypes[kind](), true))
  const schema = new Schema(fields, new Map([[metadataName, JSON.stringify(members)]]))
  const writer = new RecordBatchStreamWriter()
  for await (const cells of batches) {
    const children = columns.map(({ kind }, at) => {
      const [data] = vectorFromArray(
        cells.map((row) => typedCell(kind, row[at])),
        arrowTypes[kind](),
      ).data
      return data ?? makeData({ type: arrowTypes[kind](), length: 0 } as never)
    })
    writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: cells.length, nullCount: 0, children })))
  }
  return writer.finish().toUint8Array(true)
}

const parquetTypes: Record<RowsColumn['kind'], BasicType> = {
  string: 'STRING',
  json: 'STRING',
  int: 'INT64',
  double: 'DOUBLE',
  timestamp: 'TIMESTAMP',
  date: 'INT32',
  boolean: 'BOOLEAN',
  bytes: 'BYTE_ARRAY',
}

/** A row group for each batch. */
async function parquetFile(columns: Rows['columns'], batches: AsyncIterable<Rows['cells']>, members: object): Promise<Uint8Array> {
  const columnsOf = (cells: Rows['cells']) =>
    columns.map(({ name, kind }, at) => ({ name, type: parquetTypes[kind], nullable: true, data: cells.map((row) => typedCell(kind, row[at])) }))
  const bytes = new ByteWriter()
  const plain = schemaFromColumnData({ columnData: columnsOf([]) })
  const schema = plain.map((element, n) => (columns[n - 1]?.kind === 'date' ? { ...element, converted_type: 'DATE' as const } : element))
  const file = new ParquetWriter({
    writer: bytes,
    schema,
    kvMetadata: [{ key: metadataName, value: JSON.stringify(members) }],
  })
  for await (const cells of batches) await file.write({ columnData: columnsOf(cells).map(({ name, data }) => ({ name, data })), rowGroupSize: batchRowsMax })
  await file.finish()
  return new Uint8Array(bytes.getBuffer())
}

/** A cell as both libraries take it; null for a time that neither can say (before the year 0, infinite). */
function typedCell(kind: RowsColumn['kind'], cell: unknown): unknown {
  if (cell === null || cell === undefined) return null
  if (kind === 'date') return /^\d{4}-\d\d-\d\d$/.test(String(cell)) ? new Date(String(cell)) : null
  if (kind === 'timestamp') return cell instanceof Date ? cell : null
  if (kind === 'json') return jsonOf(cell)
  if (kind === 'int') return BigInt(cell as number | bigint)
  return kind === 'double' ? Number(cell) : cell
}
