import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findPython, runPython } from '#test/bench/python.ts'
import { decodeDeletionVector, DeletedRows, deletionVectorBytesMax, encodeDeletionVector, fileRowsMax } from './deletion-vector.ts'

const python = await findPython({ packages: ['pyroaring'], install: false })
if (!python) console.warn('no other Roaring reads the deletion vectors: name a Python with pyroaring in PYARROW_PYTHON')

const fileRows = 300_000
/** Rows scattered, in runs, and thick within one chunk: all three forms of a container. */
const rowsArbitrary = fc
  .array(
    fc.oneof(
      fc.nat(fileRows - 1).map((row) => [row]),
      fc.record({ from: fc.nat(fileRows - 20_001), rows: fc.integer({ min: 2, max: 20_000 }), step: fc.constantFrom(1, 1, 2, 7) }).map(stretch),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.flat())
function stretch({ from, rows, step }: { from: number; rows: number; step: number }): number[] {
  return Array.from({ length: Math.ceil(rows / step) }, (_, n) => from + step * n)
}
const sorted = (rows: readonly number[]) => [...new Set(rows)].toSorted((a, b) => a - b)

test('holds exactly the rows that it was made of', () => {
  fc.assert(
    fc.property(rowsArbitrary, fc.array(fc.nat(fileRows)), (rows, others) => {
      const deleted = DeletedRows.of(rows)
      const expected = new Set(rows)
      expect([...deleted]).toEqual(sorted(rows))
      expect(deleted.size).toBe(expected.size)
      for (const row of [...others, ...rows.slice(0, 100), fileRowsMax + 5]) expect(deleted.has(row)).toBe(expected.has(row))
    }),
    { numRuns: 60 },
  )
})

test('joins two, and leaves both as they were', () => {
  fc.assert(
    fc.property(rowsArbitrary, rowsArbitrary, (a, b) => {
      const [left, right] = [DeletedRows.of(a), DeletedRows.of(b)]
      const joined = left.union(right)
      expect([...joined]).toEqual(sorted([...a, ...b]))
      expect([joined.size, left.size, right.size]).toEqual([new Set([...a, ...b]).size, new Set(a).size, new Set(b).size])
    }),
    { numRuns: 40 },
  )
})

test('gives rows back from bytes, the same for the same rows in any order', () => {
  fc.assert(
    fc.property(rowsArbitrary, (rows) => {
      const blob = encodeDeletionVector(DeletedRows.of(rows))
      expect([...decodeDeletionVector(blob, fileRows)]).toEqual(sorted(rows))
      expect(Buffer.compare(encodeDeletionVector(DeletedRows.of(rows.toReversed())), blob)).toBe(0)
      expect(blob.length).toBeLessThanOrEqual(deletionVectorBytesMax(fileRows))
    }),
    { numRuns: 60 },
  )
})

test.each([[-1], [0.5], [Number.NaN], [fileRowsMax], ['1']])('refuses %j as a position', (row) => {
  expect(() => DeletedRows.of([row as number])).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})

test('keeps a file whose last row alone is gone in some bytes, and one that is gone whole', () => {
  expect(encodeDeletionVector(DeletedRows.of([fileRowsMax - 1])).length).toBeLessThan(64)
  const all = DeletedRows.of(Array.from({ length: 200_000 }, (_, n) => n))
  expect(encodeDeletionVector(all).length).toBeLessThan(128)
  expect(decodeDeletionVector(encodeDeletionVector(all), 200_000).size).toBe(200_000)
})

/** A blob around a vector, its frame right. */
const framed = (vector: Uint8Array) => {
  const blob = Buffer.alloc(12 + vector.length)
  blob.writeUInt32BE(4 + vector.length, 0)
  blob.writeUInt32BE(0xd1d33964, 4)
  blob.set(vector, 8)
  blob.writeUInt32BE(crc32(blob.subarray(4, 8 + vector.length)), 8 + vector.length)
  return blob
}
const vectorOf = (rows: number[]) => encodeDeletionVector(DeletedRows.of(rows)).slice(8, -4)

test('writes and reads a blob as the puffin specification has it', () => {
  const blob = [
    ['0000002a', 'd1d33964'],
    // One bitmap, with the upper bits 0.
    ['0100000000000000', '00000000'],
    // One container without runs: its key, its rows − 1, its place, its rows.
    ['3a300000', '01000000', '0000', '0400', '10000000', '01000300050007000900'],
    ['b3fb20be'],
  ]
  const bytes = Buffer.from(blob.flat().join(''), 'hex')
  expect([...decodeDeletionVector(bytes, 10)]).toEqual([1, 3, 5, 7, 9])
  expect(Buffer.compare(bytes, encodeDeletionVector(DeletedRows.of([1, 3, 5, 7, 9])))).toBe(0)
})

const refused = expect.objectContaining({ code: 'invalid_record' })

test('refuses a row that the file has not', () => {
  const blob = encodeDeletionVector(DeletedRows.of([5, 10]))
  expect([...decodeDeletionVector(blob, 11)]).toEqual([5, 10])
  expect(() => decodeDeletionVector(blob, 10)).toThrow(refused)
})

test('refuses a blob with any bit flipped, cut short or longer', () => {
  expect.hasAssertions()
  const blob = encodeDeletionVector(DeletedRows.of([...stretch({ from: 70_000, rows: 500, step: 1 }), 3, 9, 100_000]))
  for (let bit = 0; bit < 8 * blob.length; bit++) {
    const flipped = blob.slice()
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(() => decodeDeletionVector(flipped, fileRows)).toThrow(refused)
  }
  for (let length = 0; length < blob.length; length++) expect(() => decodeDeletionVector(blob.slice(0, length), fileRows)).toThrow(refused)
  expect(() => decodeDeletionVector(Buffer.concat([blob, Buffer.alloc(1)]), fileRows)).toThrow(refused)
})

function outcomeOf(blob: Uint8Array): string {
  try {
    return decodeDeletionVector(blob, fileRows).size <= fileRows ? 'read' : 'too many'
  } catch (error) {
    return String((error as { code?: string }).code)
  }
}

test('refuses or reads hostile vectors with a right checksum, in bounded work', () => {
  expect.hasAssertions()
  const whole = vectorOf([...stretch({ from: 70_000, rows: 500, step: 1 }), ...stretch({ from: 0, rows: 60_000, step: 7 }), 3, 9, 100_000])
  const flips = fc.array(fc.tuple(fc.oneof(fc.nat(60), fc.nat()), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(flips, fc.option(fc.nat(whole.length)), (places, length) => {
      const hostile = whole.slice(0, length ?? whole.length)
      for (const [place, byte] of places) if (hostile.length > 0) hostile[place % hostile.length] = byte
      expect(outcomeOf(framed(hostile))).toMatch(/^(read|invalid_record)$/)
    }),
    { numRuns: 1_000 },
  )
})

test.each([
  ['claims 2^32 containers', Buffer.from('0100000000000000000000003a300000ffffffff', 'hex')],
  ['claims more containers than its file has room for', Buffer.from('0100000000000000000000003b30ffff', 'hex')],
  ['claims 2^64 bitmaps', Buffer.from('ffffffffffffffff', 'hex')],
  ['has an upper half', Buffer.from('0100000000000000010000003a3000000100000000000000100000000100', 'hex')],
])('refuses a vector that %s', (_, vector) => {
  expect(() => decodeDeletionVector(framed(vector), fileRows)).toThrow(refused)
})

test('refuses a file of more rows than any has, before it makes room for them', () => {
  expect(() => decodeDeletionVector(encodeDeletionVector(DeletedRows.of([1])), 2 ** 40)).toThrow(refused)
})

test('refuses more bytes than a file of so many rows can need, before it looks at them', () => {
  expect(() => decodeDeletionVector(new Uint8Array(deletionVectorBytesMax(10) + 1), 10)).toThrow(refused)
})

test.skipIf(!python)('is read by another Roaring, and reads what that one writes', async () => {
  const cases = [[], [0], stretch({ from: 0, rows: 5_000, step: 1 }), stretch({ from: 65_000, rows: 20_000, step: 2 }), [1, 70_000, 200_000, 290_000, 299_999]]
  const script = `
import sys, json
from pyroaring import BitMap64
given = [[bytes.fromhex(vector), rows] for vector, rows in json.loads(sys.argv[1])]
out = []
for vector, rows in given:
  assert list(BitMap64.deserialize(vector)) == rows
  other = BitMap64(rows)
  other.run_optimize()
  out.append([other.serialize().hex(), BitMap64(rows).serialize().hex()])
print(json.dumps(out))`
  const given = cases.map((rows) => [Buffer.from(vectorOf(rows)).toString('hex'), rows])
  const written = (await runPython(python as string, script, [JSON.stringify(given)])) as string[][]
  expect(written.map((forms) => forms.map((hex) => [...decodeDeletionVector(framed(Buffer.from(hex, 'hex')), fileRows)]))).toEqual(
    cases.map((rows) => [rows, rows]),
  )
})
