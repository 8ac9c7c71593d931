import type { DataFile, StoredObject } from '#schemas/data-file.ts'
import { compareUtf8 } from '#schemas/compare-text.ts'
import { binaryOf } from '#schemas/iceberg/bounds.ts'
import type { ByField, DataFileEntry } from '#schemas/iceberg/manifest.ts'
import { fieldIds, type Partition } from '#schemas/iceberg/table-schema.ts'
import { deleteFields } from './position-deletes.ts'

const dayMs = 86_400_000
const dayOf = (time: string): number => Math.floor(Date.parse(time) / dayMs)

/**
 * Where a file belongs: by its label, if its documents have one alone, and by its day, if that is one too. What a version says of a file is what ingest found in
 * the documents it took; a row that it did not take is in none of it, and deleted.
 */
export function partitionOf({ labels, datetime_range: range }: Pick<DataFile, 'labels' | 'datetime_range'>): Partition {
  const [label] = labels.length === 1 ? (labels[0] as [string, number]) : []
  if (label === undefined || !range) return {}
  const day = dayOf(range.first)
  return dayOf(range.last) === day ? { label, datetime_day: day } : { label }
}

/** A data file, with what a reader may pass it over by. The times of documents are milliseconds, those of a file may lie between two. */
export function dataEntry(file: DataFile, path: string): DataFileEntry {
  const { labels, datetime_range: range } = file
  const bounds = (of: 'first' | 'last'): ByField<Buffer> => {
    const names = labels.map(([label]) => label).toSorted(compareUtf8)
    const label = of === 'first' ? names[0] : names.at(-1)
    return [
      ...(label === undefined ? [] : [{ key: fieldIds.label, value: binaryOf.string(label) }]),
      ...(range ? [{ key: fieldIds.datetime, value: binaryOf.timestamptz(Date.parse(range[of]), of) }] : []),
    ]
  }
  const [lower, upper] = [bounds('first'), bounds('last')]
  const counted = lower.map(({ key }) => key)
  return {
    content: 0,
    file_path: path,
    file_format: 'PARQUET',
    partition: { ...partitionOf(file) },
    record_count: file.rows,
    file_size_in_bytes: file.bytes,
    column_sizes: [],
    value_counts: counted.map((key) => ({ key, value: file.rows })),
    null_value_counts: counted.map((key) => ({ key, value: 0 })),
    lower_bounds: lower,
    upper_bounds: upper,
    referenced_data_file: null,
  }
}

/** Position deletes of one data file: their bounds say so too. */
export function deletesEntry(of: DataFile, path: string, deletes: { object: StoredObject; rows: number }, deletesPath: string): DataFileEntry {
  const bound = [{ key: deleteFields.file_path, value: binaryOf.string(path) }]
  return {
    content: 1,
    file_path: deletesPath,
    file_format: 'PARQUET',
    partition: { ...partitionOf(of) },
    record_count: deletes.rows,
    file_size_in_bytes: deletes.object.bytes,
    column_sizes: [],
    value_counts: [],
    null_value_counts: [],
    lower_bounds: bound,
    upper_bounds: bound,
    referenced_data_file: path,
  }
}
