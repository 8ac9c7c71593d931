import type { ColumnKind } from '#schemas/document-columns.ts'
import { documentColumns, type Column } from '#schemas/parquet/columns.ts'

/** The columns that a dataset shows, in their order: all but the signature, which nobody reads. */
export const shownColumns = documentColumns.filter((column): column is ShownColumn => column.kind !== 'signature')
export interface ShownColumn extends Column {
  name: Exclude<Column['name'], 'minhash'>
  kind: Exclude<ColumnKind, 'signature'>
}

/** A type as `datasets.Features` spells it. What is JSON in the files is text here as well: readers of every release know that. */
export interface Feature {
  dtype: 'string' | 'int32' | 'float64' | 'timestamp[us, tz=UTC]'
  _type: 'Value'
}

const dtypes: Record<ShownColumn['kind'], Feature['dtype']> = {
  string: 'string',
  json: 'string',
  int32: 'int32',
  double: 'float64',
  timestamp: 'timestamp[us, tz=UTC]',
}

const featureOf = ({ kind }: ShownColumn): Feature => ({ dtype: dtypes[kind], _type: 'Value' })

/** As `/rows` has them. */
export const featureList = shownColumns.map((column, feature_idx) => ({ feature_idx, name: column.name, type: featureOf(column) }))

/** As `/info` has them, by the name of the column. */
export const featuresByName: Record<string, Feature> = Object.fromEntries(shownColumns.map((column) => [column.name, featureOf(column)]))
