import { randomBytes } from 'node:crypto'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OrreryError } from '#schemas/errors.ts'
import { warcRecord } from '#test/golden/warc.ts'
import { readWarc, type WarcFault, type WarcRecord } from './read-warc.ts'

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const limits = { blockBytesMax: 1000 }
const readAll = async (bytes: Uint8Array, chunk = 1 << 16) => {
  const records: (WarcRecord & { text: string })[] = []
  const faults: [index: number, problem: string][] = []
  const onFault = ({ index, problem }: WarcFault) => void faults.push([index, problem])
  let error: unknown
  try {
    for await (const record of readWarc(inChunks(bytes, chunk), { ...limits, onFault })) records.push({ ...record, text: Buffer.from(record.block).toString() })
  } catch (thrown) {
    error = thrown
  }
  return { records, faults, code: error instanceof OrreryError ? error.code : error }
}
const parts = [
  warcRecord('warcinfo', 'software: x\r\n'),
  warcRecord('response', 'HTTP/1.1 200 OK\r\n\r\nWARC/1.0\r\n\r\n', { 'WARC-Target-URI': 'http://h.example/' }),
  warcRecord('resource', ''),
  warcRecord('metadata', 'last'),
]
const plain = Buffer.concat(parts)
const texts = ['software: x\r\n', 'HTTP/1.1 200 OK\r\n\r\nWARC/1.0\r\n\r\n', '', 'last']

/** A frame to be skipped: 0x184D2A5?. */
const skipped = (digit: number, contents: Uint8Array | string) => {
  const head = Buffer.from([0x50 + digit, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])
  head.writeUInt32LE(contents.length, 4)
  return Buffer.concat([head, Buffer.from(contents)])
}
const dictionary = Buffer.from('WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 0\r\n'.repeat(4))
const zstdWith = (dictionary: Buffer, stored: Uint8Array) =>
  Buffer.concat([skipped(0xd, stored), ...parts.map((part) => zstdCompressSync(part, { dictionary }))])

describe('the records of a file', () => {
  test.each([
    ['plain', plain],
    ['gzipped record by record', Buffer.concat(parts.map((part) => gzipSync(part)))],
    ['gzipped whole', gzipSync(plain)],
    ['zstd record by record', Buffer.concat(parts.map((part) => zstdCompressSync(part)))],
    ['zstd whole, with a checksum', zstdCompressSync(plain, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
    ['zstd with a dictionary', zstdWith(dictionary, dictionary)],
    ['zstd with a dictionary that is packed, and frames to skip', Buffer.concat([zstdWith(dictionary, zstdCompressSync(dictionary)), skipped(3, 'x')])],
  ])('that is %s come whatever the chunks', async (_, bytes) => {
    for (const chunk of [1, 2, 3, 7, 64, bytes.length]) {
      const { records, code } = await readAll(bytes, chunk)
      expect(code).toBeUndefined()
      expect(records.map(({ text }) => text)).toEqual(texts)
      expect(records.map(({ index, type }) => [index, type])).toEqual([
        [0, 'warcinfo'],
        [1, 'response'],
        [2, 'resource'],
        [3, 'metadata'],
      ])
    }
  })

  test('keep headers by any spelling, folded and repeated ones too', async () => {
    const bytes = Buffer.from(
      'WARC/1.1\r\nwarc-TYPE : Response\r\nContent-Length: 0\r\nX-Long: a\r\n\tb\r\nX-Twice: 1\r\nX-Twice: 2\r\nno header\r\n__proto__: x\r\n\r\n\r\n\r\n',
    )
    const { records } = await readAll(bytes)
    expect(records[0]).toMatchObject({ type: 'response', headers: { 'x-long': 'a b', 'x-twice': ['1', '2'] } })
  })

  test('may have more line ends between them than they should, or fewer', async () => {
    const loose = Buffer.concat([warcRecord('a', 'x').subarray(0, -4), warcRecord('b', 'y'), Buffer.from('\r\n\n'), warcRecord('c', 'z')])
    expect((await readAll(loose)).records.map(({ type }) => type)).toEqual(['a', 'b', 'c'])
  })

  test('are cut at the limit, and passed over where they are not wanted', async () => {
    const bytes = Buffer.concat([warcRecord('big', 'x'.repeat(5000)), warcRecord('small', 'y')])
    expect((await readAll(bytes, 100)).records.map(({ isCut, block }) => [isCut, block.length])).toEqual([
      [true, 1000],
      [false, 1],
    ])
    const wanted = await Array.fromAsync(readWarc(inChunks(bytes, 100), { ...limits, types: new Set(['small']) }), ({ type, block }) => [type, block.length])
    expect(wanted).toEqual([
      ['big', 0],
      ['small', 1],
    ])
  })

  test('come back as they were written, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 200 }),
        fc.boolean(),
        async (blocks, chunk, packed) => {
          const records = blocks.map((block) => warcRecord('x', block))
          const read = await readAll(Buffer.concat(packed ? records.map((record) => gzipSync(record)) : records), chunk)
          expect(read).toMatchObject({ code: undefined, records: blocks.map((block) => ({ block: Buffer.from(block) })) })
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** What each reads as, whatever the chunks. */
const both = async (bytes: Uint8Array) => {
  const [whole, ...others] = await Promise.all([bytes.length, 1, 7, 64].map((chunk) => readAll(bytes, chunk)))
  const seen = (read: typeof whole) => ({
    types: read?.records.map(({ index, type, text }) => `${index} ${type} ${text}`),
    faults: read?.faults,
    code: read?.code,
  })
  for (const other of others) expect(seen(other)).toEqual(seen(whole))
  return seen(whole)
}
const [a, b, c] = ['a', 'b', 'c'].map((type) => warcRecord(type, `text of ${type}`)) as [Buffer, Buffer, Buffer]
const good = (index: number, type: string) => `${index} ${type} text of ${type}`
const noRecord = 'no record begins here'
const noUnpacking = 'a part of the file cannot be unpacked'

const long = (type: string) => gzipSync(warcRecord(type, randomBytes(3 << 20)))
const untyped = (type: string) => Buffer.from(warcRecord('x', 'HTTP/1.0 200 OK', { 'Content-Type': type }).toString().replace('WARC-Type: x\r\n', ''))

describe('a record that is not as it should be', () => {
  test.each([
    ['lines that end in LF', Buffer.from(Buffer.concat([a, b]).toString().replaceAll('\r\n', '\n')), [good(0, 'a'), good(1, 'b')], []],
    [
      'versions from 0.16 on',
      Buffer.concat(['0.16', '0.17', '0.18', '1.1'].map((version) => Buffer.from(a.toString().replace('/1.0', `/${version}`)))),
      [0, 1, 2, 3].map((n) => good(n, 'a')),
      [],
    ],
    [
      'a length that is too short',
      Buffer.concat([warcRecord('a', 'text of a and more', { 'Content-Length': '9' }), b]),
      [good(0, 'a'), good(1, 'b')],
      [[1, noRecord]],
    ],
    [
      'a length that is too long',
      Buffer.concat([warcRecord('a', 'text of a', { 'Content-Length': '80' }), b, c]),
      [good(0, 'a'), good(1, 'b'), good(2, 'c')],
      [],
    ],
    ...[5, 9, 20].map((more): [string, Buffer, string[], never[]] => [
      `a length that is ${more} too long`,
      Buffer.concat([warcRecord('a', 'text of a', { 'Content-Length': String(9 + more) }), b]),
      [good(0, 'a'), good(1, 'b')],
      [],
    ]),
    [
      'no length',
      Buffer.concat([Buffer.from(a.toString().replace('Content-Length: 9\r\n', '')), b]),
      [good(1, 'b')],
      [
        [0, 'it has no Content-Length that can be true'],
        [1, noRecord],
      ],
    ],
    [
      'a length beyond all files',
      Buffer.concat([warcRecord('a', 'x', { 'Content-Length': '999999999999999' }), b]),
      [good(1, 'b')],
      [
        [0, 'it has no Content-Length that can be true'],
        [1, noRecord],
      ],
    ],
    [
      'a version that is none',
      Buffer.concat([a, Buffer.from('WARC/x\r\nContent-Length: 0\r\n\r\n\r\n\r\n'), c]),
      [good(0, 'a'), good(2, 'c')],
      [[1, 'it does not begin with its version']],
    ],
    [
      'a header without end',
      Buffer.concat([a, Buffer.from(`WARC/1.0\r\nX: ${'y'.repeat(200_000)}\r\n`), c]),
      [good(0, 'a'), good(2, 'c')],
      [
        [1, 'its header has no end'],
        [2, noRecord],
      ],
    ],
    ['something else before the first', Buffer.concat([Buffer.from('<html>\n'), a]), [good(0, 'a')], [[0, noRecord]]],
    [
      'a version in its text',
      Buffer.concat([warcRecord('a', 'x\nWARC/1.0\nand so on\n', { 'Content-Length': '1' }), b]),
      ['0 a x', good(2, 'b')],
      [[1, 'it has no Content-Length that can be true']],
    ],
    ['an end before its own', Buffer.concat([a, b.subarray(0, -8)]), [good(0, 'a')], [[1, 'it is torn']]],
    ['noughts between gzip members', Buffer.concat([gzipSync(a), Buffer.alloc(100), gzipSync(b), Buffer.alloc(9)]), [good(0, 'a'), good(1, 'b')], []],
    [
      'garbage between gzip members',
      Buffer.concat([gzipSync(a), Buffer.from('garbage'), gzipSync(b), Buffer.from('more')]),
      [good(0, 'a'), good(1, 'b')],
      [
        [1, noUnpacking],
        [2, noUnpacking],
      ],
    ],
    ['a gzip member that is torn', Buffer.concat([gzipSync(a), gzipSync(b).subarray(0, 40), gzipSync(c)]), [good(0, 'a'), good(1, 'c')], [[1, noUnpacking]]],
    [
      'a gzip member that is damaged',
      Buffer.concat([gzipSync(a), Buffer.from(gzipSync(b)).fill(0xff, 12, 30), gzipSync(c)]),
      [good(0, 'a'), good(1, 'c')],
      [[1, noUnpacking]],
    ],
    ['the last gzip member torn', Buffer.concat([gzipSync(a), gzipSync(b).subarray(0, -20)]), [good(0, 'a')], [[1, 'it is torn']]],
  ])('%s: it is told, and the others come', async (_, bytes, types, faults) => expect(await both(bytes)).toEqual({ types, faults, code: undefined }))

  test('no type: a message of HTTP is a response', async () => {
    const { records } = await readAll(Buffer.concat(['application/http', 'application/http; msgtype=request', 'text/plain'].map(untyped)))
    expect(records.map(({ type }) => type)).toEqual(['response', '', ''])
  })

  test('long gzip members, one damaged in the middle', async () => {
    const damaged = long('b')
    damaged.fill(0, 1 << 20, (1 << 20) + 1000)
    const { records, code } = await readAll(Buffer.concat([long('a'), damaged, long('c'), gzipSync(a)]))
    expect([records.map(({ type }) => type), code]).toEqual([['a', 'c', 'a'], undefined])
  })
})

describe('a file that is none, or was', () => {
  test('empty: no records', async () => expect(await readAll(Buffer.alloc(0))).toEqual({ records: [], faults: [], code: undefined }))
  test.each([
    ['something else', Buffer.from('<html>'.repeat(100))],
    ['gzip that is torn', gzipSync(plain).subarray(0, 60)],
    ['gzip that is damaged', Buffer.from(gzipSync(plain)).fill(0xff, 30, 60)],
    ['gzip of something else', gzipSync('<html>')],
  ])('%s: it is told', async (_, bytes) => {
    const { records, faults, code } = await readAll(bytes)
    expect([records, code]).toEqual([[], undefined])
    expect(faults.length).toBeGreaterThan(0)
  })
  test.each([
    ['zstd that is torn', zstdCompressSync(plain).subarray(0, 60)],
    ['zstd that is damaged', Buffer.from(zstdCompressSync(plain)).fill(0xff, 30, 60)],
    ['zstd with something else behind it', Buffer.concat([zstdCompressSync(plain), Buffer.from('not zstd')])],
    ['zstd without the dictionary it needs', zstdWith(dictionary, Buffer.from('another dictionary'))],
    ['zstd whose dictionary is torn', zstdWith(dictionary, dictionary).subarray(0, 20)],
    ['zstd whose dictionary is damaged', zstdWith(dictionary, Buffer.from(zstdCompressSync(dictionary)).fill(0xff, 6, 20))],
  ])('%s: what was good comes, then invalid_record', async (_, bytes) => expect((await readAll(bytes)).code).toBe('invalid_record'))

  test('something else of any length is not read beyond its beginning', async () => {
    let given = 0
    const endless = async function* () {
      for (; given < 1 << 30; given += 1 << 16) yield Buffer.alloc(1 << 16, '<html>\n')
    }
    expect(await Array.fromAsync(readWarc(endless(), limits))).toEqual([])
    expect(given).toBeLessThan(4 << 20)
  })

  test('torn at any byte: the whole records come, in order, and the rest is told', async () => {
    for (const bytes of [plain, Buffer.concat(parts.map((part) => gzipSync(part)))]) {
      for (let end = 1; end < bytes.length; end += 3) {
        const { records, faults, code } = await readAll(bytes.subarray(0, end))
        expect(code).toBeUndefined()
        expect(texts.slice(0, records.length)).toEqual(records.map(({ text }) => text))
        expect(records.length + faults.length).toBeGreaterThan(0)
      }
    }
  })

  test('lengths that all reach to its end are believed at last', async () => {
    const record = warcRecord('a', 'x', { 'Content-Length': String(1 << 20) })
    const chunk = Buffer.concat(Array.from({ length: 1000 }, () => record))
    let [count, given] = [0, 0]
    const records = async function* () {
      for (; given < 64 << 20; given += chunk.length) yield chunk
    }
    for await (const { index } of readWarc(records(), { blockBytesMax: 1 << 20 })) count = index + 1
    expect(count).toBeGreaterThan(50)
    expect(count).toBeLessThan(10_000)
  })

  test('gzip heads all over that lead nowhere end it early', async () => {
    const head = Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0), Buffer.of(0, 0xff, 0xff, 0, 0)])
    const { records, code } = await readAll(Buffer.concat([gzipSync(a), Buffer.alloc(1 << 20, head)]))
    expect([records.length, code]).toEqual([1, 'invalid_record'])
  })

  test('a bomb ends early', async () => {
    for (const pack of [gzipSync, zstdCompressSync]) {
      const record = pack(warcRecord('x', Buffer.alloc(1 << 20)))
      const bomb = Buffer.concat(Array.from({ length: 100 }, () => record))
      const { records, code } = await readAll(bomb)
      expect(code).toBe('invalid_record')
      expect(records.length).toBeLessThan(80)
    }
  })

  test('bytes at random are never another error, and the source is let go', async () => {
    let closed = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('', 'WARC/1.0\r\nContent-Length: 3\r\n\r\n', '\x1f\x8b', '\x28\xb5\x2f\xfd', ']*M\x18\x02\0\0\0', ']*M\x18'),
        async (bytes, start) => {
          const source = async function* () {
            try {
              yield Buffer.concat([Buffer.from(start, 'latin1'), bytes])
            } finally {
              closed += 1
            }
          }
          const before = closed
          const code = await Array.fromAsync(readWarc(source(), limits)).then(
            () => undefined,
            (error: unknown) => (error instanceof OrreryError ? error.code : error),
          )
          expect([undefined, 'invalid_record']).toContain(code)
          expect(closed).toBe(before + 1)
        },
      ),
    )
  })

  test('a reader that leaves early closes what it reads from', async () => {
    const long = Buffer.concat(Array.from({ length: 200 }, () => warcRecord('x', Buffer.alloc(9000, 'some text'))))
    for (const bytes of [plain, gzipSync(long), zstdCompressSync(long)]) {
      const closed = Promise.withResolvers<void>()
      const source = async function* () {
        try {
          yield* inChunks(bytes, 20)
        } finally {
          closed.resolve()
        }
      }
      for await (const record of readWarc(source(), limits)) if (record.index === 0) break
      expect(await closed.promise).toBeUndefined()
    }
  })
})
