import { expect, test } from 'vitest'
import { columnTable } from '../document-columns.ts'
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
