import type { Schema } from 'avsc'
import { tableSchema, type PartitionSpec } from './table-schema.ts'

/** Avro schemas of manifests and manifest lists, format version 2, with Iceberg's field ids in them (Iceberg spec, Manifests; Manifest Lists). */

type Field = Record<string, unknown>
const field = (id: number, name: string, type: unknown): Field => ({ name, type, 'field-id': id })
const optional = (id: number, name: string, type: unknown): Field => ({ name, type: ['null', type], default: null, 'field-id': id })

/** Avro has no maps by integers. */
const mapOf = (id: number, name: string, [key, value]: readonly [number, number], valueType: string): Field =>
  optional(id, name, {
    type: 'array',
    logicalType: 'map',
    items: { type: 'record', name: `k${key}_v${value}`, fields: [field(key, 'key', 'int'), field(value, 'value', valueType)] },
  })
const listOf = (id: number, name: string, element: number, type: unknown): Field => optional(id, name, { type: 'array', items: type, 'element-id': element })

export type ByField<Value> = { key: number; value: Value }[]

/** A data file, or a file of position deletes, as a manifest has it. Counts and bounds by field id. */
export interface DataFileEntry {
  /** 0 data, 1 position deletes */
  content: 0 | 1
  file_path: string
  file_format: 'PARQUET'
  partition: Record<string, string | number | undefined>
  record_count: number
  file_size_in_bytes: number
  /** Of none: pyiceberg's `inspect.entries` wants it told. */
  column_sizes: ByField<number>
  value_counts: ByField<number>
  null_value_counts: ByField<number>
  lower_bounds: ByField<Buffer>
  upper_bounds: ByField<Buffer>
  /** Of position deletes: the one data file they are of. */
  referenced_data_file: string | null
}

export interface ManifestEntry {
  /** 0 existing, 1 added */
  status: 0 | 1
  snapshot_id: number
  sequence_number: number
  file_sequence_number: number
  data_file: DataFileEntry
}

const partitionType = { identity: ['null', 'string'], day: ['null', { type: 'int', logicalType: 'date' }] } as const

/** @returns the schema of a manifest's entries, and what stands in the head of the file */
export function manifestFormat(spec: PartitionSpec, content: 'data' | 'deletes'): { schema: Schema; metadata: Record<string, string> } {
  const partition = {
    type: 'record',
    name: 'r102',
    fields: spec.fields.map((part) => ({ name: part.name, type: partitionType[part.transform], default: null, 'field-id': part['field-id'] })),
  }
  const dataFile = {
    type: 'record',
    name: 'r2',
    fields: [
      field(134, 'content', 'int'),
      field(100, 'file_path', 'string'),
      field(101, 'file_format', 'string'),
      field(102, 'partition', partition),
      field(103, 'record_count', 'long'),
      field(104, 'file_size_in_bytes', 'long'),
      mapOf(108, 'column_sizes', [117, 118], 'long'),
      mapOf(109, 'value_counts', [119, 120], 'long'),
      mapOf(110, 'null_value_counts', [121, 122], 'long'),
      mapOf(125, 'lower_bounds', [126, 127], 'bytes'),
      mapOf(128, 'upper_bounds', [129, 130], 'bytes'),
      optional(143, 'referenced_data_file', 'string'),
    ],
  }
  const entry = {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      field(0, 'status', 'int'),
      optional(1, 'snapshot_id', 'long'),
      optional(3, 'sequence_number', 'long'),
      optional(4, 'file_sequence_number', 'long'),
      field(2, 'data_file', dataFile),
    ],
  }
  const metadata = {
    schema: JSON.stringify(tableSchema),
    'schema-id': '0',
    'partition-spec': JSON.stringify(spec.fields),
    'partition-spec-id': String(spec['spec-id']),
    'format-version': '2',
    content,
  }
  return { schema: entry as unknown as Schema, metadata }
}

/** A manifest as a manifest list has it. */
export interface ManifestFile {
  manifest_path: string
  manifest_length: number
  partition_spec_id: number
  /** 0 data, 1 deletes */
  content: 0 | 1
  /** Of the snapshot that it was written for. */
  sequence_number: number
  /** Lowest of its files. */
  min_sequence_number: number
  added_snapshot_id: number
  added_files_count: number
  existing_files_count: number
  deleted_files_count: number
  added_rows_count: number
  existing_rows_count: number
  deleted_rows_count: number
  /** Of each field of the spec. */
  partitions: { contains_null: boolean; lower_bound: Buffer | null; upper_bound: Buffer | null }[]
}

const summary = {
  type: 'record',
  name: 'r508',
  fields: [field(509, 'contains_null', 'boolean'), optional(510, 'lower_bound', 'bytes'), optional(511, 'upper_bound', 'bytes')],
}

export const manifestListSchema = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    field(500, 'manifest_path', 'string'),
    field(501, 'manifest_length', 'long'),
    field(502, 'partition_spec_id', 'int'),
    field(517, 'content', 'int'),
    field(515, 'sequence_number', 'long'),
    field(516, 'min_sequence_number', 'long'),
    field(503, 'added_snapshot_id', 'long'),
    field(504, 'added_files_count', 'int'),
    field(505, 'existing_files_count', 'int'),
    field(506, 'deleted_files_count', 'int'),
    field(512, 'added_rows_count', 'long'),
    field(513, 'existing_rows_count', 'long'),
    field(514, 'deleted_rows_count', 'long'),
    listOf(507, 'partitions', 508, summary),
  ],
} as unknown as Schema
