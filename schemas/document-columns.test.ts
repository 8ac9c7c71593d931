import { describe, expect, test } from 'vitest'
import { ZodError } from 'zod'
import { testDocument } from '#test/golden/documents.ts'
import { canonicalJson } from './canonical-json.ts'
import { columnTable, cutCell, type ColumnName, type DocumentColumn } from './document-columns.ts'
import { decodeDocument, encodeDocument, type Document } from './document.ts'
import { decodeDocuments, decodeFile, RefusedRow } from './parquet/decode.ts'
import { encodeDocuments } from './parquet/encode.ts'
import { inMemory } from './parquet/file-bytes.ts'

const columns = Object.entries<DocumentColumn>(columnTable).map(([name, column]) => ({ ...column, name: name as ColumnName }))
const bounded = columns.flatMap(({ name, kind, bytesMax }) => (kind === 'string' && bytesMax !== undefined ? [{ name, bytesMax }] : []))
const filled = (bytes: number): string => 'é'.repeat(bytes / 2)
const part = (name: ColumnName, text: string): Partial<Document> => ({ [name]: text })

describe.each(bounded)('$name', ({ name, bytesMax }) => {
  const document = testDocument(1)
  const atBound = { ...document, ...part(name, filled(bytesMax)) }
  const beyond = { ...document, ...part(name, `${filled(bytesMax)}e`) }

  test('takes what its bound says, and refuses a byte more', () => {
    expect(decodeDocument(encodeDocument(atBound))).toEqual(atBound)
    expect(() => decodeDocument(encodeDocument(beyond))).toThrow(ZodError)
  })

  test('costs a row of a shard, with its column and its reason, and no other', async () => {
    const shard = encodeDocuments([document, beyond, atBound], { codec: 'zstd' })
    const what = `it takes more than ${bytesMax} bytes`
    const kept = (row: number, of: typeof document) => ({ row, document: of })
    expect((await Array.fromAsync(decodeFile(inMemory(shard)))).flat()).toEqual([
      kept(0, document),
      new RefusedRow(1, name, 'too_large', what),
      kept(2, atBound),
    ])
    await expect(decodeDocuments(shard)).rejects.toMatchObject({
      code: 'invalid_record',
      details: { what: `its row 1 is no document: its ${name} is refused, ${what}` },
    })
  })
})

const many = <Value>(count: number, value: Value): Record<string, Value> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}`.padStart(64, '_'), value]))
const { rights } = testDocument(1)

test.each<[ColumnName, Partial<Document>, 'too_large' | 'invalid']>([
  ['languages', { languages: many(101, 0) }, 'invalid'],
  ['languages', { languages: many(500, 0.123456) }, 'too_large'],
  ['languages', { languages: { ['x'.repeat(65)]: 1 } }, 'invalid'],
  ['quality', { quality: many(101, 0) }, 'invalid'],
  ['personal_data', { personal_data: many(51, 1) }, 'invalid'],
  ['rights', { rights: { ...rights, meta_robots: Array.from({ length: 65 }, () => 'noindex') } }, 'too_large'],
  ['rights', { rights: { ...rights, meta_robots: ['x'.repeat(129)] } }, 'too_large'],
  ['rights', { rights: { ...rights, licence: `https://e.example/${'x'.repeat(2048)}` } }, 'too_large'],
  ['rights', { rights: { ...rights, tdm_policy: 'x'.repeat(40_000) } }, 'too_large'],
  ['published_at', { published_at: new Date('+010000-01-01T00:00:00Z') }, 'invalid'],
  ['datetime', { datetime: new Date('-000001-01-01T00:00:00Z') }, 'invalid'],
  ['text_bytes', { text_bytes: 2 ** 30 }, 'invalid'],
  ['lang_score', { lang_score: Number.NaN }, 'invalid'],
])('%s of a foreign shard is bounded: %#', async (column, parts, reason) => {
  const [rows] = await Array.fromAsync(decodeFile(inMemory(encodeDocuments([testDocument(1, parts)], { codec: 'zstd' }))))
  expect(rows?.[0]).toMatchObject({ row: 0, column, reason })
})

test('the largest records that their schemas take fit into their cells', async () => {
  const largest = testDocument(1, {
    languages: many(100, 0.123456),
    quality: many(100, -0.1234567890123456),
    personal_data: many(50, 2 ** 31),
    rights: { ...rights, meta_robots: Array.from({ length: 64 }, () => 'é'.repeat(128)), licence: 'é'.repeat(2048), tdm_policy: 'é'.repeat(2048) },
  })
  const records = columns.filter(({ kind }) => kind === 'json')
  for (const { name, bytesMax } of records) expect(Buffer.byteLength(canonicalJson(largest[name]))).toBeLessThanOrEqual(bytesMax!)
  expect(await decodeDocuments(encodeDocuments([largest], { codec: 'zstd' }))).toEqual([largest])
})

test('what is cut ends with a whole character, and without the space before it', () => {
  expect(cutCell('etag', `${'x'.repeat(511)}é`)).toBe('x'.repeat(511))
  expect(cutCell('etag', `${'x'.repeat(510)}  yz`)).toBe('x'.repeat(510))
  expect(cutCell('title', 'as it is')).toBe('as it is')
})
