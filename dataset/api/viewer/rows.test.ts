import { expect, test } from 'vitest'
import { testDocument } from '#test/golden/documents.ts'
import { fitRows, previewRows, readBytesMax, rowItems, type RowItem } from './rows.ts'

const bytesOf = (rows: readonly RowItem[]): number => Buffer.byteLength(JSON.stringify(rows.map(({ row }) => row)))
const withText = (n: number, chars: number) => testDocument(n, { text: 'ä'.repeat(chars), text_bytes: 2 * chars, minhash: new Uint8Array(448) })
const rowsOf = (sizes: readonly number[]): RowItem[] =>
  rowItems(
    sizes.map((chars, n) => withText(n, chars)),
    [...sizes.keys()],
  )

test('a document is a row of all columns but the signature: JSON as text, times as ISO 8601', () => {
  const [item] = rowItems([testDocument(4)], [7])
  expect(item).toMatchObject({
    row_idx: 7,
    truncated_cells: [],
    row: { title: 'Page 4', quality: '{"mean_word":4.25,"words":120}', datetime: '2026-01-05T00:04:00.000Z', published_at: null },
  })
  expect(item?.row).not.toHaveProperty('minhash')
})

test('what takes too much is cut at one length, the longest first, and says so', () => {
  const [short, long, longer] = fitRows(rowsOf([10, 40_000, 60_000]), 70_000)
  expect(short).toEqual(rowsOf([10])[0])
  expect([long?.truncated_cells, longer?.truncated_cells]).toEqual([['text'], ['text']])
  expect(String(long?.row['text']).length).toBe(String(longer?.row['text']).length)
  expect(longer?.row['text']).toMatch(/^ä+$/)
  expect(bytesOf([short, long, longer].filter((row) => row !== undefined))).toBeLessThan(75_000)
  expect(fitRows(rowsOf([10, 400]), 70_000)).toEqual(rowsOf([10, 400]))
})

test('a text that was read in part is said to be cut, and so is its Markdown', () => {
  const whole = testDocument(1, { markdown: '# One', minhash: new Uint8Array(448) })
  expect(rowItems([whole], [0])[0]?.truncated_cells).toEqual([])
  expect(rowItems([{ ...whole, text: '', markdown: '' }], [0])[0]?.truncated_cells).toEqual(['text', 'markdown'])
  const atTheBound = { ...whole, markdown: 'm'.repeat(readBytesMax - Buffer.byteLength(whole.text)) }
  expect(rowItems([atTheBound], [0])[0]?.truncated_cells).toEqual(['markdown'])
})

test('a preview shows whole rows as long as a megabyte holds ten, else ten with their long cells cut', () => {
  expect(previewRows(rowsOf(Array.from({ length: 100 }, () => 100)))).toMatchObject({ truncated: false, rows: { length: 100 } })
  const some = previewRows(rowsOf(Array.from({ length: 100 }, () => 20_000)))
  expect([some.truncated, some.rows.length, some.rows.flatMap(({ truncated_cells }) => truncated_cells)]).toEqual([true, 24, []])
  const ten = previewRows(rowsOf(Array.from({ length: 100 }, () => 200_000)))
  expect([ten.truncated, ten.rows.length, ten.rows[9]?.truncated_cells]).toEqual([true, 10, ['text']])
  expect(bytesOf(ten.rows)).toBeLessThan(1_050_000)
})
