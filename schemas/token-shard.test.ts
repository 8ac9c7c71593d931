import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OrreryError } from './errors.ts'
import {
  decodeDocumentEnds,
  decodeDocumentIds,
  decodeDocumentRows,
  decodeTokens,
  decodeTokenShard,
  documentEndRange,
  documentIdRange,
  documentRowRange,
  encodeTokenShard,
  parseTokenShardHeader,
  tokenRange,
  tokenShardHeaderBytes,
  type TokenDtype,
} from './token-shard.ts'

const sha256 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const shardOf = (dtype: TokenDtype) =>
  fc
    .record({
      fingerprint: sha256,
      separator: fc.nat({ max: 0xffff }),
      documents: fc.array(
        fc.record({
          id: sha256,
          row: fc.nat({ max: 0xffffffff }),
          tokens: fc.array(fc.integer({ min: 0, max: dtype === 'u16' ? 0xffff : 0xffffff }), { minLength: 1, maxLength: 40 }),
        }),
        { maxLength: 12 },
      ),
    })
    .map(({ fingerprint, separator, documents }) => {
      let end = 0
      return {
        dtype,
        fingerprint,
        separator,
        tokenIds: Uint32Array.from(documents.flatMap((d) => d.tokens)),
        documentEnds: documents.map((d) => (end += d.tokens.length)),
        documentIds: documents.map((d) => d.id),
        documentRows: documents.map((d) => d.row),
      }
    })
const anyShard = fc.oneof(shardOf('u16'), shardOf('u24'))
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof OrreryError) return error.code
    throw error
  }
}

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(anyShard, (shard) => {
      const bytes = encodeTokenShard(shard)
      expect(decodeTokenShard(bytes)).toEqual({ ...shard, tokens: shard.tokenIds.length, documents: shard.documentIds.length })
    }),
  )
})

test('a window, an end and an id are found by their byte ranges alone', () => {
  fc.assert(
    fc.property(
      anyShard.filter((s) => s.documentIds.length > 0),
      fc.nat(),
      fc.nat(),
      (shard, a, b) => {
        const bytes = encodeTokenShard(shard)
        const header = parseTokenShardHeader(bytes.subarray(0, tokenShardHeaderBytes), bytes.length)
        const start = a % header.tokens
        const count = b % (header.tokens - start + 1)
        const cut = ({ start, end }: { start: number; end: number }): Uint8Array => bytes.slice(start, end)
        expect(decodeTokens(header, cut(tokenRange(header, start, count)))).toEqual(shard.tokenIds.slice(start, start + count))
        const document = a % header.documents
        expect(decodeDocumentEnds(cut(documentEndRange(header, document, 1)))).toEqual([shard.documentEnds[document]])
        expect(decodeDocumentIds(cut(documentIdRange(header, document, 1)))).toEqual([shard.documentIds[document]])
        expect(decodeDocumentRows(cut(documentRowRange(header, document, 1)))).toEqual([shard.documentRows[document]])
      },
    ),
  )
})

test('the bytes are as documented', () => {
  const fingerprint = 'ab'.repeat(32)
  const id = '01'.repeat(32)
  const bytes = encodeTokenShard({
    dtype: 'u24',
    separator: 199_999,
    fingerprint,
    tokenIds: Uint32Array.of(7, 199_999),
    documentEnds: [2],
    documentIds: [id],
    documentRows: [5],
  })
  const hex = Buffer.from(bytes).toString('hex')
  const header = `4f525259544f4b00${'0200'}${'0300'}${'3f0d0300'}${fingerprint}${'02'.padEnd(16, '0')}${'01'.padEnd(16, '0')}`
  expect(hex).toBe(`${header}${'0700003f0d03'.padEnd(128, '0')}${'02'.padEnd(16, '0')}${id}05000000`)
})

test('an empty shard is its header', () => {
  const bytes = encodeTokenShard({
    dtype: 'u16',
    separator: 0,
    fingerprint: '00'.repeat(32),
    tokenIds: new Uint32Array(),
    documentEnds: [],
    documentIds: [],
    documentRows: [],
  })
  expect(bytes.length).toBe(tokenShardHeaderBytes)
  expect(decodeTokenShard(bytes)).toMatchObject({ tokens: 0, documents: 0 })
})

test('any damaged shard is read as another valid one or refused as invalid_record, never otherwise', () => {
  fc.assert(
    fc.property(anyShard, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }), fc.option(fc.nat()), (shard, damage, cut) => {
      const bytes = encodeTokenShard(shard)
      for (const [at, value] of damage) bytes[at % bytes.length] = value
      const hostile = cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1))
      expect([undefined, 'invalid_record']).toContain(codeOf(() => decodeTokenShard(hostile)))
    }),
    { numRuns: 300 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => codeOf(() => decodeTokenShard(bytes)) === 'invalid_record'))
})

test('a header that claims more than the object holds is refused before anything is read', () => {
  const bytes = encodeTokenShard({
    dtype: 'u16',
    separator: 0,
    fingerprint: '00'.repeat(32),
    tokenIds: Uint32Array.of(1),
    documentEnds: [1],
    documentIds: ['00'.repeat(32)],
    documentRows: [0],
  })
  new DataView(bytes.buffer).setBigUint64(48, 2n ** 63n, true)
  expect(codeOf(() => parseTokenShardHeader(bytes))).toBe('invalid_record')
  new DataView(bytes.buffer).setBigUint64(48, 100n, true)
  expect(codeOf(() => parseTokenShardHeader(bytes, bytes.length))).toBe('invalid_record')
})

test.each([
  [-1, 1],
  [0, 3],
  [2, 1],
  [0.5, 1],
  [0, Number.NaN],
  [Number.MAX_SAFE_INTEGER, 1],
])('a window [%d, +%d) outside the shard is refused', (start, count) => {
  const header = { dtype: 'u24' as const, separator: 0, fingerprint: '00'.repeat(32), tokens: 2, documents: 1 }
  expect(codeOf(() => tokenRange(header, start, count))).toBe('invalid_argument')
})

test('what could not be read back is not written', () => {
  const good = { dtype: 'u16' as const, separator: 0, fingerprint: '00'.repeat(32), documentIds: ['00'.repeat(32)], documentRows: [0] }
  expect(codeOf(() => encodeTokenShard({ ...good, tokenIds: Uint32Array.of(70_000), documentEnds: [1] }))).toBe('invalid_record')
  expect(codeOf(() => encodeTokenShard({ ...good, tokenIds: Uint32Array.of(1, 2), documentEnds: [1] }))).toBe('invalid_record')
  expect(codeOf(() => encodeTokenShard({ ...good, tokenIds: Uint32Array.of(1), documentEnds: [] }))).toBe('invalid_record')
  expect(codeOf(() => encodeTokenShard({ ...good, tokenIds: Uint32Array.of(1), documentEnds: [1], documentIds: ['xyz'] }))).toBe('invalid_record')
  for (const rows of [[], [0, 1], [-1], [0.5], [2 ** 32]])
    expect(codeOf(() => encodeTokenShard({ ...good, tokenIds: Uint32Array.of(1), documentEnds: [1], documentRows: rows }))).toBe('invalid_record')
})
