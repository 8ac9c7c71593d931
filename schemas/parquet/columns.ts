import type { ParquetType, SchemaElement } from 'hyparquet'
import { canonicalJson } from '../canonical-json.ts'
import type { Document } from '../document.ts'
import { columnTable, isNullable, type ColumnKind, type DocumentColumn } from '../document-columns.ts'
import { fitsBytes } from '../text-bytes.ts'

export interface Column extends Omit<DocumentColumn, 'of'> {
  name: keyof Document
  nullable: boolean
  /** Nothing is made of a longer cell. */
  bytesMax: number
}

/** More than any hash, label or chosen word. */
const shortBytesMax = 1024

/** The columns of a document shard, in their order (document-columns.ts). */
export const documentColumns: readonly Column[] = Object.entries<DocumentColumn>(columnTable).map(([name, { of, ...column }]) => ({
  ...column,
  name: name as keyof Document,
  nullable: isNullable(of),
  bytesMax: column.bytesMax ?? shortBytesMax,
}))

const physical: Record<ColumnKind, Partial<SchemaElement>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  int32: { type: 'INT32' },
  double: { type: 'DOUBLE' },
  timestamp: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } },
  // Not FIXED_LEN_BYTE_ARRAY, which is always 448 bytes: `datasets` before 5.1 knows no such type.
  signature: { type: 'BYTE_ARRAY' },
}

/** The Parquet schema of a document shard: a root and one flat leaf per column. */
export const documentSchema: readonly SchemaElement[] = [
  { name: 'document', num_children: documentColumns.length },
  ...documentColumns.map(({ name, kind, nullable }): SchemaElement => ({
    name,
    repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
    ...physical[kind],
  })),
]

/** Its physical type. */
export const columnType = ({ kind }: Column): ParquetType => physical[kind].type as ParquetType

/** The value of a column as another Parquet writer or reader has it. */
export function toCell({ name, kind }: Column, document: Document): unknown {
  return kind === 'json' ? canonicalJson(document[name]) : document[name]
}

/** @throws SyntaxError when a JSON cell is none, RangeError when a cell is longer than its column may be */
export function fromCell({ kind, bytesMax }: Column, cell: unknown): unknown {
  if (typeof cell === 'string' ? !fitsBytes(cell, bytesMax) : cell instanceof Uint8Array && cell.length > bytesMax)
    throw new RangeError(`it takes more than ${bytesMax} bytes`)
  // The reader gives views into its page; a copy lets the page go.
  if (kind === 'signature') return Uint8Array.from(cell as Uint8Array)
  return kind === 'json' ? JSON.parse(cell as string) : (cell ?? null)
}
