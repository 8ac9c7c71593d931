import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256Hex } from './canonical-json.ts'
import { OrreryError } from './errors.ts'
import { leafHash, merkleRoot } from './merkle.ts'
import { rootOfSums } from './token-shard-sums.ts'
import {
  blockSumsRange,
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
      expect(decodeTokenShard(bytes)).toEqual({ ...shard, version: 3, tokens: shard.tokenIds.length, documents: shard.documentIds.length })
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
  const header = `4f525259544f4b00${'0300'}${'0300'}${'3f0d0300'}${fingerprint}${'02'.padEnd(16, '0')}${'01'.padEnd(16, '0')}`
  const summed = `${header}${'0700003f0d03'.padEnd(128, '0')}${'02'.padEnd(16, '0')}${id}05000000`
  expect(hex).toBe(`${summed}${sha256Hex(Buffer.from(`00${summed}`, 'hex'))}`)
})

test('an empty shard is its header and the sum of that', () => {
  const bytes = encodeTokenShard({
    dtype: 'u16',
    separator: 0,
    fingerprint: '00'.repeat(32),
    tokenIds: new Uint32Array(),
    documentEnds: [],
    documentIds: [],
    documentRows: [],
  })
  expect(bytes.length).toBe(tokenShardHeaderBytes + 32)
  expect(decodeTokenShard(bytes)).toMatchObject({ tokens: 0, documents: 0 })
})

test('any damaged shard is refused as invalid_record', () => {
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }))
  fc.assert(
    fc.property(anyShard, damage, fc.option(fc.nat()), (shard, [at, bits], cut) => {
      const bytes = encodeTokenShard(shard)
      const place = at % bytes.length
      bytes[place] = (bytes[place] as number) ^ bits
      const hostile = cut === null ? bytes : bytes.subarray(0, cut % bytes.length)
      expect(codeOf(() => decodeTokenShard(hostile))).toBe('invalid_record')
    }),
    { numRuns: 300 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => codeOf(() => decodeTokenShard(bytes)) === 'invalid_record'))
})

test('a shard of version 2 ends before the sums, and is still read', () => {
  fc.assert(
    fc.property(anyShard, (shard) => {
      const bytes = encodeTokenShard(shard)
      const { start } = blockSumsRange(parseTokenShardHeader(bytes))
      const former = bytes.slice(0, start)
      new DataView(former.buffer).setUint16(8, 2, true)
      const header = parseTokenShardHeader(former, former.length)
      expect(blockSumsRange(header)).toEqual({ start, end: start })
      expect(decodeTokenShard(former)).toEqual({ ...decodeTokenShard(bytes), version: 2 })
    }),
  )
})

test('there is a sum for each 64 KiB of all that stands before the sums', () => {
  const tokenIds = new Uint32Array(50_000).fill(7)
  const documents = { documentEnds: [50_000], documentIds: ['00'.repeat(32)], documentRows: [0] }
  const bytes = encodeTokenShard({ dtype: 'u24', separator: 7, fingerprint: '00'.repeat(32), tokenIds, ...documents })
  const { start, end } = blockSumsRange(parseTokenShardHeader(bytes))
  const sums = [bytes.subarray(0, 65_536), bytes.subarray(65_536, 131_072), bytes.subarray(131_072, start)].map((block) => Buffer.from(leafHash(block)))
  expect(Buffer.concat(sums)).toEqual(Buffer.from(bytes.subarray(start, end)))
  expect(rootOfSums(bytes.subarray(start, end))).toBe(Buffer.from(merkleRoot(sums)).toString('hex'))
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
  const header = { version: 3 as const, dtype: 'u24' as const, separator: 0, fingerprint: '00'.repeat(32), tokens: 2, documents: 1 }
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
