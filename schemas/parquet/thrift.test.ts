import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js'
import { expect, test } from 'vitest'
import { thrift } from './thrift.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('spells a struct as the compact protocol says', () => {
  expect(hex(thrift({ field_1: 1, field_2: undefined, field_3: -1n, field_4: 'é', field_5: true, field_6: false, field_15: {} }))).toBe(
    '150226011802c3a911129c0000',
  )
})

test('an empty list is one of structs, booleans in a list are bytes of their own', () => {
  expect(hex(thrift({ field_4: [] }))).toBe('490c00')
  expect(hex(thrift({ field_1: [true, false, true] }))).toBe('193101020100')
})

test('a reader finds what was written, also in long lists', () => {
  const written = thrift({ field_1: Array.from({ length: 300 }, (_, n) => ({ field_1: n, field_2: [BigInt(n) * 2n ** 40n], field_3: n % 2 === 0 })) })
  const read = deserializeTCompactProtocol({ view: new DataView(written.buffer, written.byteOffset, written.length), offset: 0 })
  expect(read['field_1']).toEqual(Array.from({ length: 300 }, (_, n) => ({ field_1: n, field_2: [BigInt(n) * 2n ** 40n], field_3: n % 2 === 0 })))
})
