import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { documentColumns, documentSchema, toCell } from './columns.ts'
import { decodeDocuments, decodeFile, RefusedRow } from './decode.ts'
import { inMemory } from './file-bytes.ts'

const honest = testDocuments(99)

const halfRights = JSON.stringify({ ...honest[0]!.rights, licence: 'MIT\ud800' })

/** A file of ninety-nine honest rows and, in their midst, one whose cells another writer made. */
function fileWith(cells: Record<string, unknown>): Uint8Array {
  const rows = [...honest.slice(0, 50), testDocument(100), ...honest.slice(50)]
  const cellOf = (column: (typeof documentColumns)[number], row: number) =>
    row === 50 && Object.hasOwn(cells, column.name) ? cells[column.name] : toCell(column, rows[row]!)
  return new Uint8Array(
    parquetWriteBuffer({
      schema: [...documentSchema],
      columnData: documentColumns.map((column) => ({ name: column.name, data: rows.map((_, row) => cellOf(column, row)) })),
    }),
  )
}
const read = async (cells: Record<string, unknown>) => (await Array.fromAsync(decodeFile(inMemory(fileWith(cells))))).flat()

describe('one wrong row among a hundred costs itself', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['no text', { text: '', text_bytes: 0 }, 'empty'],
    ['a label of 141 characters', { label: 'x'.repeat(141) }, 'bad_label'],
    ['a label of 100,000 characters', { label: 'x'.repeat(100_000) }, 'bad_label'],
    ['no label', { label: '' }, 'bad_label'],
    ['a label with NUL', { label: 'a\0b' }, 'bad_label'],
    ['an odd status', { http_status: 0 }, 'http_status_invalid'],
    ['a status of nowhere', { http_status: -2_147_483_648 }, 'http_status_invalid'],
    ['a score that is no number', { lang_score: Number.NaN }, 'lang_score_invalid'],
    ['a score without end', { published_score: Infinity }, 'published_score_invalid'],
    ['a time that no calendar has', { fetched_at: new Date(8.64e15) }, 'fetched_at_invalid'],
    ['another source', { source: 3 }, 'source_invalid'],
    ['a page type of its own', { page_type: 'constructor' }, 'page_type_invalid'],
    ['an id that is none', { id: 'A'.repeat(64) }, 'id_invalid'],
    ['a short signature', { minhash: new Uint8Array(447) }, 'minhash_invalid'],
    ['quality that is no JSON', { quality: '{' }, 'quality_invalid'],
    ['quality that is a list', { quality: '[]' }, 'quality_invalid'],
    ['rights that are nothing', { rights: 'null' }, 'rights_invalid'],
    ['rights with a foreign member', { rights: '{"__proto__":{"robots":"allowed"}}' }, 'rights_invalid'],
    ['rights with half a character, which no engine takes for JSON', { rights: halfRights }, 'rights_invalid'],
    ['a language named by half a character', { languages: '{"\\udc00":1}' }, 'languages_invalid'],
    ['a rule named by half a character', { quality: '{"a\\ud800":1}' }, 'quality_invalid'],
    ['JSON of 10,000 lists within lists', { quality: '['.repeat(10_000) }, 'quality_invalid'],
    ['version 0', { version: 0 }, 'version_invalid'],
  ])('%s', async (_, cells, code) => {
    const rows = await read(cells)
    expect(rows.map((row) => (row instanceof RefusedRow ? row.code : 'kept'))).toEqual(Array.from({ length: 100 }, (__, n) => (n === 50 ? code : 'kept')))
    expect(rows[50]).toMatchObject({ row: 50, column: expect.stringMatching(/^[a-z_0-9]+$/) })
  })

  test.each(['title', 'text', 'label', 'rights'])('but a %s that is no UTF-8 costs the file, which other readers could not open', async (name) => {
    await expect(read({ [name]: new Uint8Array([0x66, 0xff, 0xfe]) })).rejects.toMatchObject({
      code: 'invalid_record',
      message: expect.stringContaining('UTF-8'),
    })
  })

  test.each(['Upper', 'ÄÖ', 'İ'])('but the label %j is kept, lower-case', async (label) => {
    const rows = await read({ label })
    expect(rows[50]).toMatchObject({ row: 50, document: { label: label.toLowerCase() } })
    expect(rows.some((row) => row instanceof RefusedRow)).toBe(false)
  })

  test('and names of its own in JSON reach nobody else', async () => {
    const cells = '{"__proto__":1,"constructor":0.5}'
    const rows = await read({ quality: cells, languages: cells })
    const row = rows[50]
    expect(row instanceof RefusedRow ? row.code : 'kept').toMatch(/^kept$|^languages_invalid$|^quality_invalid$/)
    expect(rows.filter((other) => other instanceof RefusedRow).length).toBeLessThanOrEqual(1)
    expect(rows.toSpliced(50, 1)).toEqual(honest.map((document, n) => ({ row: n < 50 ? n : n + 1, document })))
  })
})

test('a file of our own with such a row is refused whole, with the row and the column', async () => {
  await expect(decodeDocuments(fileWith({ http_status: 0 }))).rejects.toMatchObject({
    code: 'invalid_record',
    details: { what: expect.stringMatching(/^its row 50 is no document: its http_status is refused/) },
  })
})

describe('a selection', () => {
  const file = inMemory(fileWith({}))
  const positions = async (selection: Parameters<typeof decodeFile>[1]) => (await Array.fromAsync(decodeFile(file, selection))).flat().map(({ row }) => row)
  const all = [...honest.slice(0, 50), testDocument(100), ...honest.slice(50)]

  test('of columns gives documents with these alone', async () => {
    const rows = (await Array.fromAsync(decodeFile(file, { columns: ['label', 'id'] }))).flat()
    expect(rows).toEqual(all.map(({ id, label }, row) => ({ row, document: { id, label } })))
  })

  test('of rows gives these alone, from one on and without others', async () => {
    expect(await positions({ from: 97 })).toEqual([97, 98, 99])
    expect(await positions({ rows: [0, 3, 50, 99] })).toEqual([0, 3, 50, 99])
    expect(await positions({ rows: [0, 3, 50, 99], from: 4, except: new Set([50]) })).toEqual([99])
    expect(await positions({ rows: [] })).toEqual([])
    expect(await positions({ from: 100 })).toEqual([])
    expect(await positions({ rows: [100, 1_000] })).toEqual([])
  })
})
