import { parquetReadObjects, type SchemaElement } from 'hyparquet'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import { compressors, decompressors } from '#schemas/parquet/compression.ts'

/** One thing that was dropped. */
export interface RejectRow {
  /** From 1, in the order of their coming. */
  n: number
  subject: string
  reason: string
  stage: string
  at: Date
  /** JSON. */
  details: string | null
}

const text: Partial<SchemaElement> = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } }
const schema: SchemaElement[] = [
  { name: 'reject', num_children: 6 },
  { name: 'n', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'subject', repetition_type: 'REQUIRED', ...text },
  { name: 'reason', repetition_type: 'REQUIRED', ...text },
  { name: 'stage', repetition_type: 'REQUIRED', ...text },
  {
    name: 'at',
    type: 'INT64',
    repetition_type: 'REQUIRED',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  { name: 'details', repetition_type: 'OPTIONAL', ...text },
]

/** The rows as a Parquet file, zstd; the same rows give the same bytes. */
export function encodeRejects(rows: readonly RejectRow[]): Uint8Array {
  const writer = new ByteWriter()
  const column = (name: keyof RejectRow) => ({ name, data: rows.map((row) => (name === 'n' ? BigInt(row.n) : row[name])) })
  parquetWrite({
    writer,
    schema,
    columnData: (['n', 'subject', 'reason', 'stage', 'at', 'details'] as const).map(column),
    codec: 'ZSTD',
    compressors,
    createdBy: 'orrery version 1',
  })
  return writer.getBytes().slice()
}

/** @throws Error when it is no file of ours */
export async function decodeRejects(bytes: Uint8Array): Promise<RejectRow[]> {
  const rows = await parquetReadObjects({ file: Uint8Array.from(bytes).buffer, compressors: decompressors })
  return rows.map(({ n, subject, reason, stage, at, details }) => ({ n: Number(n), subject, reason, stage, at, details: details ?? null }) as RejectRow)
}
