import { documentColumns } from '#schemas/parquet/columns.ts'
import type { ColumnKind } from '#schemas/document-columns.ts'
import type { RowsColumn } from './rows.ts'
import { DocumentFields } from './wire.ts'

const kinds: Record<ColumnKind, RowsColumn['kind']> = {
  string: 'string',
  json: 'json',
  int32: 'int',
  double: 'double',
  timestamp: 'timestamp',
  signature: 'bytes',
}
const columnOf = ({ name, kind }: (typeof documentColumns)[number]): RowsColumn => ({ name, kind: kinds[kind] })

/** Of a document in a list. */
export const listedColumns: readonly RowsColumn[] = [
  ...documentColumns.filter(({ name }) => name in DocumentFields.shape).map(columnOf),
  { name: 'excerpt', kind: 'string' },
  { name: 'score', kind: 'double' },
]
/** Of one with its texts. */
export const wholeColumns: readonly RowsColumn[] = documentColumns.filter(({ kind }) => kind !== 'signature').map(columnOf)

export const summaryColumns = [
  { name: 'name', kind: 'string' },
  { name: 'version', kind: 'int' },
  { name: 'sha256', kind: 'string' },
  { name: 'parent', kind: 'string' },
  { name: 'documents', kind: 'int' },
  { name: 'text_bytes', kind: 'int' },
  { name: 'files', kind: 'int' },
  { name: 'labels', kind: 'json' },
  { name: 'dropped', kind: 'json' },
] as const satisfies RowsColumn[]

export const datasetColumns = [
  ...summaryColumns,
  { name: 'sources', kind: 'json' },
  { name: 'origin', kind: 'json' },
  { name: 'tokens', kind: 'json' },
] as const satisfies RowsColumn[]

export const fileColumns = [
  { name: 'name', kind: 'string' },
  { name: 'key', kind: 'string' },
  { name: 'sha256', kind: 'string' },
  { name: 'bytes', kind: 'int' },
  { name: 'url', kind: 'string' },
  { name: 'rows', kind: 'int' },
  { name: 'live_rows', kind: 'int' },
  { name: 'deletes', kind: 'json' },
] as const satisfies RowsColumn[]
