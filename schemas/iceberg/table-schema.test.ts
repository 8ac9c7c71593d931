import { expect, test } from 'vitest'
import { columnTable } from '../document-columns.ts'
import { tableMetadata } from './table-metadata.ts'
import { fieldIds, lastColumnId, nameMapping, specOf, tableSchema } from './table-schema.ts'

test('every column of a document is one of the table, under an id of its own that never changes', () => {
  expect(tableSchema.fields.map(({ name }) => name)).toEqual(Object.keys(columnTable))
  expect(nameMapping).toEqual(tableSchema.fields.map(({ id, name }) => ({ 'field-id': id, names: [name] })))
  expect(new Set(Object.values(fieldIds)).size).toBe(Object.keys(columnTable).length)
  expect(lastColumnId).toBe(34)
  expect([fieldIds.id, fieldIds.label, fieldIds.datetime, fieldIds.minhash, fieldIds.version]).toEqual([1, 14, 16, 28, 34])
})

test('a partition belongs to the spec that has its columns', () => {
  expect([{}, { label: 'a' }, { label: '', datetime_day: 0 }].map((partition) => specOf(partition)['spec-id'])).toEqual([0, 1, 2])
})

test('the times of the log never fall, also where a clock was ahead when a snapshot was made', () => {
  const snapshots = [1000, 9_000_000, 9_000_000, 3000, 4000].map((committedAt, n) => ({
    snapshotId: n + 1,
    parentId: n === 0 ? null : n,
    sequenceNumber: n + 1,
    committedAt,
    manifestList: `file:///${n}.avro`,
    summary: { operation: 'append' as const },
    tag: `v${n + 1}`,
  }))
  const table = tableMetadata({ uuid: 'a', location: 'file:///table', properties: {}, snapshots })
  expect(table['snapshot-log'].map((entry) => entry['timestamp-ms'])).toEqual([1000, 3000, 3000, 3000, 4000])
  expect(table.snapshots.map((snapshot) => snapshot['timestamp-ms'])).toEqual([1000, 3000, 3000, 3000, 4000])
  expect(table['last-updated-ms']).toBe(4000)
})
