import type { ParquetType, SchemaElement } from 'hyparquet'
import { canonicalJson } from '../canonical-json.ts'
import type { Document } from '../document.ts'
import { columnTable, isNullable, type ColumnKind, type DocumentColumn } from '../document-columns.ts'
import { fitsBytes } from '../text-bytes.ts'

/** What a leaf of a file's schema holds. */
export type LeafKind = ColumnKind | 'int64' | 'boolean'

/** A leaf of a file's schema, and what it takes of a document. */
export interface Leaf {
  path: readonly string[]
  kind: LeafKind
  nullable: boolean
  repeats?: boolean
  bloom?: boolean
  /** The member of a document that it is of. */
  name: keyof Document
  /** What it takes of that member: a cell, or the cells of a list; absent: the whole. */
  take?: (member: never) => unknown
  /** Whether it is the members of a list. */
  isList?: boolean
}

/** What the files of one kind have in common. */
export interface Layout {
  schema: readonly SchemaElement[]
  leaves: readonly Leaf[]
  /** The most bytes of a row group unpacked, unless a single document takes more. */
  groupBytesMax: number
}

export interface Column extends Omit<DocumentColumn, 'of'>, Pick<Leaf, 'path' | 'name' | 'nullable'> {
  /** Nothing is made of a longer cell. */
  bytesMax: number
}

/** More than any hash, label or chosen word. */
const shortBytesMax = 1024

/** The columns of a document shard, in their order (document-columns.ts). */
export const documentColumns: readonly Column[] = Object.entries<DocumentColumn>(columnTable).map(([name, { of, ...column }]) => ({
  ...column,
  path: [name],
  name: name as keyof Document,
  nullable: isNullable(of),
  bytesMax: column.bytesMax ?? shortBytesMax,
}))

/** How a leaf is said in a schema. */
export const physical: Record<LeafKind, Partial<SchemaElement>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  double: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  // Microseconds, as Iceberg has them: its Java readers take others, but compare their bounds as if they were these.
  timestamp: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } },
  // Not FIXED_LEN_BYTE_ARRAY, which is always 448 bytes: `datasets` before 5.1 knows no such type.
  signature: { type: 'BYTE_ARRAY' },
}

/** How times are said in shards of before, and in those of miners that write these still. */
const millis: Partial<SchemaElement> = { converted_type: 'TIMESTAMP_MILLIS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } }

/** The Parquet schema of a document shard: a root and one flat leaf per column. */
export const documentSchema: readonly SchemaElement[] = [
  { name: 'document', num_children: documentColumns.length },
  ...documentColumns.map(({ name, kind, nullable }): SchemaElement => ({
    name,
    repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
    ...physical[kind],
  })),
]

/** The same with the times that a file has: each column in its own unit. */
export const schemaOfFile = (schema: readonly SchemaElement[]): readonly SchemaElement[] =>
  documentSchema.map((element, at) =>
    element.logical_type?.type === 'TIMESTAMP' && schema[at]?.converted_type === 'TIMESTAMP_MILLIS' ? { ...element, ...millis } : element,
  )

/** The layout of a document shard. */
export const shardLayout: Layout = { schema: documentSchema, leaves: documentColumns, groupBytesMax: Infinity }

/** Its physical type. */
export const columnType = ({ kind }: Pick<Leaf, 'kind'>): ParquetType => physical[kind].type as ParquetType

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
