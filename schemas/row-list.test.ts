import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testDocument } from '#test/golden/documents.ts'
import type { OrreryError } from './errors.ts'
import { minhash } from './identity/minhash.ts'
import { decodeRowList, emptyColumns, encodeRowList, identityAt, rowListBytesMax, type RowList } from './row-list.ts'
import { equalBits, nearBitsMin, rowIdentity, textIdentity, wordless } from './row-identity.ts'

const u32 = fc.nat(2 ** 32 - 1)
const row = fc.record({ uri: u32, text: u32, sketch0: u32, sketch1: u32, hour: u32, textBytes: u32, label: fc.nat(0xffff) })

function listOf(rows: readonly Record<keyof ReturnType<typeof emptyColumns>, number>[], fileBytes: number): RowList {
  const columns = emptyColumns(rows.length)
  for (const [at, values] of rows.entries()) for (const name of Object.keys(columns) as (keyof typeof columns)[]) columns[name][at] = values[name]
  return { rows: rows.length, ...columns, digests: new Uint8Array(16 * Math.ceil(fileBytes / 2 ** 15)).fill(7) }
}

test('a list gives back what it was made of, whatever the numbers, in no more bytes than it may have', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), fc.nat(200_000), (rows, bytes) => {
      const list = listOf(rows, bytes)
      const encoded = encodeRowList(list)
      expect(encoded.length).toBeLessThanOrEqual(rowListBytesMax({ rows: rows.length, bytes }))
      expect(decodeRowList(encoded, { rows: rows.length, bytes })).toEqual(list)
    }),
  )
})

test('rows in the order of a shard take less than 21 bytes each', () => {
  const rows = Array.from({ length: 10_000 }, (_, n) => ({
    uri: Math.imul(n, 0x9e3779b9) >>> 0,
    text: Math.imul(n, 0x85ebca6b) >>> 0,
    sketch0: Math.imul(n, 0xc2b2ae35) >>> 0,
    sketch1: Math.imul(n, 0x27d4eb2f) >>> 0,
    hour: 490_000 + Math.floor(n / 7),
    textBytes: 500 + ((n * 7919) % 9000),
    label: n % 3,
  }))
  expect(encodeRowList(listOf(rows, 0)).length / rows.length).toBeLessThan(21)
})

test('bytes that are no list of that file are refused, whatever is wrong with them, and no other error comes', () => {
  const rows = Array.from({ length: 300 }, (_, n) => ({ uri: n, text: n, sketch0: n, sketch1: n, hour: n, textBytes: n, label: 0 }))
  const whole = encodeRowList(listOf(rows, 100_000))
  const said = { rows: 300, bytes: 100_000 }
  const refused = expect.objectContaining({ code: 'invalid_record' })
  for (const other of [
    { rows: 299, bytes: 100_000 },
    { rows: 2 ** 25, bytes: 100_000 },
    { rows: 300, bytes: 2 ** 18 },
  ])
    expect(() => decodeRowList(whole, other)).toThrow(refused)
  for (const length of [0, 3, 19, 20, 4819, whole.length - 1]) expect(() => decodeRowList(whole.subarray(0, length), said)).toThrow(refused)
  for (let at = 0; at < whole.length; at += 13) {
    const turned = Uint8Array.from(whole)
    turned[at]! ^= 0x41
    expect(codeOf(() => decodeRowList(turned, said))).toBeOneOf([undefined, 'invalid_record'])
  }
})

function codeOf(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as OrreryError).code
  }
}

const words = Array.from({ length: 400 }, (_, n) => `word${Math.imul(n + 1, 7919) % 100_003}`)

const of = (text: string) => textIdentity(minhash(text))
const bitsInCommon = (a: ReturnType<typeof of>, b: ReturnType<typeof of>) => equalBits(a.sketch0, b.sketch0) + equalBits(a.sketch1, b.sketch1)

test('one text has one identity, a text that was changed a little a near sketch, and another text neither', () => {
  const [text, same] = [of(words.join(' ')), of(words.join('  '))]
  expect(same).toEqual(text)
  const changed = of(words.with(100, 'other').with(300, 'another').join(' '))
  expect(bitsInCommon(text, changed)).toBeGreaterThanOrEqual(nearBitsMin.text)
  const other = of(words.map((word) => `x${word}`).join(' '))
  expect(other.text).not.toBe(text.text)
  expect(bitsInCommon(text, other)).toBeLessThan(nearBitsMin.page)
  expect(of('… – …')).toEqual(wordless)
})

test('equal bits are counted', () => {
  fc.assert(
    fc.property(u32, u32, (a, b) => {
      expect(equalBits(a, b)).toBe([...((a ^ b) >>> 0).toString(2).padStart(32, '0')].filter((bit) => bit === '0').length)
    }),
  )
})

test('a row is its page in whatever case, its text, its hour and its bytes', () => {
  const document = testDocument(1, { uri: 'https://host.example/Path', datetime: new Date(3_600_000 * 5 + 1) })
  const identity = rowIdentity(document)
  expect(identity).toMatchObject({ hour: 5, textBytes: document.text_bytes, ...textIdentity(document.minhash) })
  expect(rowIdentity({ ...document, uri: 'https://host.example/path' })).toEqual(identity)
  const columns = emptyColumns(1)
  for (const name of ['uri', 'text', 'sketch0', 'sketch1', 'hour', 'textBytes'] as const) columns[name][0] = identity[name]
  expect(identityAt(columns, 0)).toEqual(identity)
})
