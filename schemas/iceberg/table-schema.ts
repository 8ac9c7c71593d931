import { columnTable, type ColumnKind, type ColumnName } from '../document-columns.ts'

/**
 * Field ids of the columns, for ever: a column that comes takes the next number, one that goes leaves its own unused (Iceberg spec, Schema Evolution). The data
 * files hold no ids: readers find columns by name (`nameMapping`), where one that goes has to stay: pyiceberg refuses a file with a column that has no id.
 */
export const fieldIds = {
  id: 1,
  uri: 2,
  url: 3,
  host: 4,
  page_type: 5,
  title: 6,
  author: 7,
  site_name: 8,
  text: 9,
  markdown: 10,
  lang: 11,
  lang_score: 12,
  languages: 13,
  label: 14,
  source: 15,
  datetime: 16,
  published_at: 17,
  published_by: 18,
  published_score: 19,
  modified_at: 20,
  fetched_at: 21,
  http_status: 22,
  etag: 23,
  last_modified: 24,
  content_type: 25,
  html_sha256: 26,
  text_bytes: 27,
  minhash: 28,
  quality: 29,
  personal_data: 30,
  rights: 31,
  job_id: 32,
  hotkey: 33,
  version: 34,
} as const satisfies Record<ColumnName, number>

export const lastColumnId = Object.values<number>(fieldIds).reduce((last, id) => Math.max(last, id))

const typeOfKind: Record<ColumnKind, string> = {
  string: 'string',
  json: 'string',
  int32: 'int',
  double: 'double',
  timestamp: 'timestamptz',
  signature: 'binary',
}

const names = Object.keys(columnTable) as ColumnName[]

/** All columns of a document. None is required: a file of before a column came has nulls there. */
export const tableSchema = {
  type: 'struct',
  'schema-id': 0,
  fields: names.map((name) => ({
    id: fieldIds[name],
    name,
    required: false,
    type: typeOfKind[columnTable[name].kind],
    doc: columnTable[name].description,
  })),
} as const

/** Value of the table property `schema.name-mapping.default` (Iceberg spec, Column Projection). */
export const nameMapping = names.map((name) => ({ 'field-id': fieldIds[name], names: [name] }))

/** How a table can be partitioned: a file is in the finest of which it has one value alone. */
export interface PartitionSpec {
  'spec-id': number
  fields: { name: string; transform: 'identity' | 'day'; 'source-id': number; 'field-id': number }[]
}

const byLabel = { name: 'label', transform: 'identity', 'source-id': fieldIds.label, 'field-id': 1000 } as const
const byDay = { name: 'datetime_day', transform: 'day', 'source-id': fieldIds.datetime, 'field-id': 1001 } as const
export const lastPartitionId = byDay['field-id']

/** By their ids. */
export const partitionSpecs: readonly [PartitionSpec, PartitionSpec, PartitionSpec] = [
  { 'spec-id': 0, fields: [] },
  { 'spec-id': 1, fields: [byLabel] },
  { 'spec-id': 2, fields: [byLabel, byDay] },
]

/** What one partition is, in its columns; the part of each column is there when its spec has it. */
export interface Partition {
  label?: string
  /** Days since 1970-01-01. */
  datetime_day?: number
}

export const specOf = ({ label, datetime_day }: Partition): PartitionSpec =>
  label === undefined ? partitionSpecs[0] : datetime_day === undefined ? partitionSpecs[1] : partitionSpecs[2]
