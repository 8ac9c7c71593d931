import { setImmediate } from 'node:timers/promises'
import { parquetMetadata, parquetReadObjects, type FileMetaData, type SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { compressors, decompressors } from '#schemas/parquet/compression.ts'

/** One thing that was dropped. */
export interface RejectRow {
  /** From 1, in the order of their coming. */
  n: number
  subject: string
  reason: string
  stage: string
  /** What it would have counted for. */
  label: string | null
  at: Date
  /** JSON. */
  details: string | null
  /** What was dropped itself, as far as it is kept. */
  title: string | null
  text: string | null
}

const text: Partial<SchemaElement> = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } }
const schema: SchemaElement[] = [
  { name: 'reject', num_children: 9 },
  { name: 'n', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'subject', repetition_type: 'REQUIRED', ...text },
  { name: 'reason', repetition_type: 'REQUIRED', ...text },
  { name: 'stage', repetition_type: 'REQUIRED', ...text },
  { name: 'label', repetition_type: 'OPTIONAL', ...text },
  {
    name: 'at',
    type: 'INT64',
    repetition_type: 'REQUIRED',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  { name: 'details', repetition_type: 'OPTIONAL', ...text },
  { name: 'title', repetition_type: 'OPTIONAL', ...text },
  { name: 'text', repetition_type: 'OPTIONAL', ...text },
]
/** The columns, in their order. */
export const wholeRow = ['n', 'subject', 'reason', 'stage', 'label', 'at', 'details', 'title', 'text'] as const satisfies (keyof RejectRow)[]

/** Rows are written and read in groups of so many, or of so many bytes: between two of them others get their turn. */
const groupRowsMax = 4000
const groupBytesMax = 1 << 20

/** Bytes that a row takes, about. */
export const sizeOf = ({ subject, details, title, text }: RejectRow): number =>
  100 + subject.length + (details?.length ?? 0) + (title?.length ?? 0) + (text?.length ?? 0)

/** The rows as a Parquet file, zstd; the same rows give the same bytes. */
export async function encodeRejects(rows: readonly RejectRow[]): Promise<Uint8Array> {
  const writer = new ByteWriter()
  const file = new ParquetWriter({ writer, schema, codec: 'ZSTD', compressors, createdBy: 'orrery version 1' })
  for (const group of groupsOf(rows)) {
    const columnData = wholeRow.map((name) => ({ name, data: group.map((row) => (name === 'n' ? BigInt(row.n) : row[name])) }))
    await file.write({ columnData, rowGroupSize: groupRowsMax })
    await setImmediate()
  }
  file.finish()
  return writer.getBytes().slice()
}

function* groupsOf(rows: readonly RejectRow[]): Generator<RejectRow[]> {
  let [from, bytes] = [0, 0]
  for (const [at, row] of rows.entries()) {
    if (at - from === groupRowsMax || (at > from && bytes + sizeOf(row) > groupBytesMax)) {
      yield rows.slice(from, at)
      ;[from, bytes] = [at, 0]
    }
    bytes += sizeOf(row)
  }
  if (rows.length > from) yield rows.slice(from)
}

/** A closed file, read group by group. */
export interface RejectsFile {
  /** Groups of rows, in the order of their coming; `latest`: the time of the last row of each, ms since epoch, where the file says so. */
  readonly groups: readonly { readonly rows: number; readonly latest: number | undefined }[]
  /** Some columns of a group. */
  read<Name extends keyof RejectRow>(group: number, names: readonly Name[]): Promise<Pick<RejectRow, Name>[]>
}

/** @throws Error when it is no file of ours */
export function openRejectsFile(bytes: Uint8Array): RejectsFile {
  const file = Uint8Array.from(bytes).buffer
  const metadata = parquetMetadata(file)
  const known = new Set(metadata.schema.map(({ name }) => name))
  const starts = metadata.row_groups.map((_, at) => metadata.row_groups.slice(0, at).reduce((sum, { num_rows }) => sum + Number(num_rows), 0))
  return {
    groups: metadata.row_groups.map((group) => ({ rows: Number(group.num_rows), latest: latestOf(group) })),
    async read(group, names) {
      const rowStart = starts[group] ?? 0
      const range = { rowStart, rowEnd: rowStart + Number(metadata.row_groups[group]?.num_rows ?? 0) }
      const rows = await parquetReadObjects({ file, metadata, columns: names.filter((name) => known.has(name)), compressors: decompressors, ...range })
      return rows.map((row) => Object.fromEntries(names.map((name) => [name, name === 'n' ? Number(row[name]) : (row[name] ?? null)]))) as never
    },
  }
}

function latestOf(group: FileMetaData['row_groups'][number]): number | undefined {
  const latest = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === 'at')?.meta_data?.statistics?.max_value
  return latest instanceof Date ? latest.getTime() : undefined
}

/** All rows. @throws Error when it is no file of ours */
export async function decodeRejects(bytes: Uint8Array): Promise<RejectRow[]> {
  const file = openRejectsFile(bytes)
  const rows: RejectRow[] = []
  for (const group of file.groups.keys()) {
    for (const row of await file.read(group, wholeRow)) rows.push(row)
    await setImmediate()
  }
  return rows
}
