import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../canonical-json.ts'
import { recordAppender } from './json-bytes.ts'
import { jsonCells } from './json-cell.ts'
import { newPage } from './page.ts'

const key = fc.oneof(fc.constantFrom('a', 'b', 'words', '1', '10', '2', '__proto__', 'constructor'), fc.string({ unit: 'grapheme', maxLength: 5 }))
const score = fc.oneof(
  fc.integer({ min: -30_000, max: 3_000_000 }).map((n) => n / 1000),
  fc.integer().map((n) => n / 1e4),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e21, 1e-7, 123456.7891, 214748.3647, 214748.3648, -0.5),
)
const value = fc.oneof(
  score,
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.array(fc.string(), { maxLength: 2 }),
  fc.dictionary(key, score, { maxKeys: 2 }),
)
const records = fc.array(fc.oneof(fc.dictionary(key, score, { maxKeys: 6 }), fc.dictionary(key, value, { maxKeys: 4 })), { maxLength: 6 })
/** Repeats, at once and later: a column's records are mostly alike. */
const columns = records.map((some) => [...some.flatMap((record) => [record, { ...record }, record]), ...some, ...some])

test('the cells of a JSON column are canonical JSON, as text and as bytes', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(columns, (column) => {
      const expected = column.map((record) => canonicalJson(record))
      expect(column.map(jsonCells())).toEqual(expected)
      const page = newPage(16)
      const append = recordAppender()
      const written = column.map((record) => {
        append(page, record)
        return page.bytes.toString('utf8', page.valueStart, page.length)
      })
      expect(written).toEqual(expected.map((text) => text.toWellFormed()))
    }),
    { numRuns: 500 },
  )
})

test('what JSON cannot say is refused', () => {
  for (const bad of [Number.NaN, Infinity, 1n, new Date(0)]) {
    expect(() => jsonCells()({ bad })).toThrow(TypeError)
    expect(() => recordAppender()(newPage(64), { bad })).toThrow(TypeError)
  }
})
