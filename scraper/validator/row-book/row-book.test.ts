import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RowCollector } from '#infra/corpus/list-rows.ts'
import { timeBucketOf } from '#schemas/data-universe.ts'
import { DeletedRows, encodeDeletionVector } from '#schemas/deletion-vector.ts'
import type { Document } from '#schemas/document.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { emptyColumns, encodeRowList } from '#schemas/row-list.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { testDocument } from '#test/golden/documents.ts'
import { openRowBook, type ListedRows, type RowBook } from './row-book.ts'

const page = (n: number, over: Partial<Document> = {}): Document => testDocument(n, { uri: `https://h.example/${n}`, label: 'news', ...over })
const withText = (row: Document, text: string): Document => ({ ...row, text, minhash: minhash(text), text_bytes: Buffer.byteLength(text) })
const later = (row: Document, hours: number): Document => ({ ...row, datetime: new Date(row.datetime.getTime() + hours * 3_600_000) })

let files = 0
function fileOf(documents: readonly Document[], gone: readonly number[] = []): ListedRows {
  const collector = new RowCollector()
  for (const document of documents) collector.add(document)
  const { rows, labels, columns } = collector.collected()
  const hours = documents.map(({ datetime }) => timeBucketOf(datetime.getTime())).toSorted((a, b) => a - b)
  const sha256 = String(++files).padStart(64, '0')
  return {
    sha256,
    key: `data/${sha256}`,
    jobId: 'job',
    bytes: 100,
    rows,
    textBytes: documents.reduce((sum, { text_bytes: bytes }) => sum + bytes, 0),
    labels,
    groups: [],
    hours: { first: hours[0]!, last: hours.at(-1)! },
    writtenAt: new Date(files * 1000).toISOString(),
    list: encodeRowList({ rows, ...columns, digests: new Uint8Array(16) }),
    deletes: gone.length === 0 ? null : { sha256: `dv${gone.join()}`, blob: encodeDeletionVector(DeletedRows.of(gone)) },
  }
}

const openBook = async (folder?: string) => openRowBook(join(folder ?? (await temporaryFolder()), 'found.sqlite'))

async function show(book: RowBook, hotkey: string, block: number, ...listed: ListedRows[]): Promise<void> {
  for (const file of listed) expect(await book.add(hotkey, file, block)).toBeUndefined()
  await book.take(hotkey, { index: 'ab', block, committedAt: 0, snapshots: [] })
}
const counted = async (book: RowBook, hotkey: string) => (await book.settle(hotkey)).counted

const ten = Array.from({ length: 10 }, (_, n) => page(n))

test('a row counts for whom showed it first by block, whoever is taken in first', async () => {
  await using book = await openBook()
  await show(book, 'thief', 20, fileOf(ten.map((row) => later(row, -5))))
  expect(await counted(book, 'thief')).toBe(10)
  await show(book, 'victim', 10, fileOf(ten))
  expect([await counted(book, 'thief'), await counted(book, 'victim')]).toEqual([0, 10])
  await show(book, 'third', 11, fileOf(ten))
  expect([await counted(book, 'third'), await counted(book, 'victim')]).toEqual([0, 10])
})

test.each([
  ['a', 'b', 'c'],
  ['c', 'b', 'a'],
  ['b', 'c', 'a'],
])('of one block the lower hotkey is first, whoever is taken in first: %s, %s, %s', async (...hotkeys) => {
  await using book = await openBook()
  for (const hotkey of hotkeys) {
    await show(book, hotkey, 10, fileOf(ten))
    await counted(book, hotkey)
  }
  expect(await Promise.all(['a', 'b', 'c'].map((hotkey) => counted(book, hotkey)))).toEqual([10, 0, 0])
})

test('a copy counts for nothing under another address, nor with a sentence that is another; another text of the page does', async () => {
  await using book = await openBook()
  const long = ten.map((row, n) => withText(row, Array.from({ length: 150 }, (_, word) => `w${n}x${word}`).join(' ')))
  await show(book, 'first', 1, fileOf(long))
  await show(book, 'elsewhere', 2, fileOf(long.map((row, n) => ({ ...row, uri: `https://other.example/${n}` }))))
  await show(book, 'retold', 3, fileOf(long.map((row) => withText(row, row.text.replace(/x7[0-9]/g, 'y')))))
  await show(book, 'newer', 4, fileOf(long.map((row, n) => withText(row, Array.from({ length: 150 }, (_, word) => `z${n}z${word}`).join(' ')))))
  expect(await Promise.all(['first', 'elsewhere', 'retold', 'newer'].map((hotkey) => counted(book, hotkey)))).toEqual([10, 0, 0, 10])
})

test('what is earned is given out part by part, the largest first', async () => {
  await using book = await openBook()
  await show(book, 'miner', 1, fileOf(ten.map((row, n) => later(row, n * 3))))
  await book.settle('miner')
  const all = await book.earned('miner', 0, 100)
  expect(all.map(({ bytes }) => bytes)).toEqual(all.map(({ bytes }) => bytes).toSorted((a, b) => b - a))
  expect(all.length).toBeGreaterThan(6)
  const parts = [await book.earned('miner', 0, 4), await book.earned('miner', 4, 4), await book.earned('miner', 8, 4)]
  expect(parts.flat()).toEqual(all)
  expect(await book.earned('nobody', 0, 4)).toEqual([])
})

test('who shows a page again later has the date of the first time', async () => {
  await using book = await openBook()
  const before = fileOf(ten)
  await show(book, 'miner', 1, before)
  const earned = async () => {
    await book.settle('miner')
    return book.earned('miner', 0, 100)
  }
  const first = await earned()
  await book.drop('miner', [before.sha256])
  await show(book, 'miner', 2, fileOf(ten.map((row) => later(row, 500))))
  expect(await earned()).toEqual(first)
})

test('what others tell of the date of a page changes nothing for who was the first to show it', async () => {
  await using book = await openBook()
  await show(book, 'victim', 10, fileOf(ten))
  await book.settle('victim')
  const before = await book.earned('victim', 0, 100)
  await show(book, 'earlier', 5, fileOf(ten.map((row) => later(row, -50_000))))
  await book.forget('earlier')
  await show(book, 'after', 20, fileOf(ten.map((row) => later(row, -50_000))))
  await book.settle('victim')
  expect(await book.earned('victim', 0, 100)).toEqual(before)
})

test('pages of a host that gave them one fingerprint count once, and are no repeats that fail a miner', async () => {
  await using book = await openBook()
  // The sha256 of both begin with 51fd9579.
  const file = fileOf([13225, 171108].map((n) => page(n)))
  await show(book, 'miner', 1, file)
  expect(await book.settle('miner')).toMatchObject({ rows: 2, repeats: 0, counted: 1 })
})

test('rows that say what another says, say nothing, or are gone count for nothing, and come back only with another list', async () => {
  await using book = await openBook()
  const dots = withText(page(50), '… – …')
  const file = fileOf([...ten, { ...page(60), uri: ten[0]!.uri.toUpperCase() }, { ...ten[1]!, uri: 'https://h.example/twin' }, dots], [3])
  await show(book, 'miner', 1, file)
  expect(await book.settle('miner')).toEqual({ rows: 12, textBytes: expect.any(Number), wordless: 1, repeats: 1, foreign: 1, counted: 9 })
  const unpaid = await book.unpaid('miner')
  expect(unpaid.map(({ file: sha256 }) => sha256)).toEqual([file.sha256])
  expect(await book.setDeletes('miner', file.sha256, { sha256: 'dv', blob: encodeDeletionVector(DeletedRows.of([3, 4])) })).toBe(true)
  expect(await counted(book, 'miner')).toBe(8)
  expect(await book.setDeletes('miner', file.sha256, null)).toBe(false)
})

test('a draw gives different rows that count, all of them when they are few, with the block in which they were shown first', async () => {
  await using book = await openBook()
  const files = [fileOf(ten.slice(0, 4), [1]), fileOf(ten.slice(4))]
  await show(book, 'miner', 7, ...files)
  await book.settle('miner')
  const places = await book.draw('miner', 'seed', 50)
  expect(places).toEqual(await book.draw('miner', 'seed', 50))
  expect(new Set(places.map(({ file, row }) => `${file} ${row}`)).size).toBe(9)
  expect(new Set(places.map(({ block }) => block))).toEqual(new Set([7]))
  expect(places).not.toContainEqual({ file: files[0]!.sha256, row: 1, block: 7 })
  expect(await book.draw('miner', 'seed', 4)).toEqual(places.slice(0, 4))
})

test('who lied of its rows keeps nobody from them, now or later, until it has passed', async () => {
  await using book = await openBook()
  await show(book, 'squatter', 1, fileOf(ten))
  await show(book, 'victim', 5, fileOf(ten))
  expect(await counted(book, 'victim')).toBe(0)
  await book.disown('squatter')
  expect(await counted(book, 'victim')).toBe(10)
  const [squatted, own] = [fileOf([page(100)]), fileOf([page(101)])]
  await show(book, 'squatter', 6, squatted)
  await show(book, 'third', 9, fileOf([page(100)]))
  expect(await counted(book, 'third')).toBe(1)
  await book.drop('squatter', [squatted.sha256])
  await show(book, 'squatter', 10, own)
  await book.passed('squatter')
  expect(await counted(book, 'squatter')).toBe(1)
  expect([await counted(book, 'victim'), await counted(book, 'third')]).toEqual([10, 1])
  await show(book, 'fourth', 12, fileOf([page(101)]))
  expect(await counted(book, 'fourth')).toBe(0)
})

test('what was withdrawn before its miner passed with it keeps nobody from it; what is left keeps its block', async () => {
  await using book = await openBook()
  const [squatted, kept] = [fileOf(ten), fileOf([page(100)])]
  await show(book, 'squatter', 1, squatted, kept)
  await show(book, 'victim', 5, fileOf(ten))
  expect([await counted(book, 'squatter'), await counted(book, 'victim')]).toEqual([11, 0])
  await book.drop('squatter', [squatted.sha256])
  // Also while the rest of the claim is still to come.
  await show(book, 'squatter', 9, fileOf([page(101)]))
  await show(book, 'third', 3, fileOf([page(100)]))
  await show(book, 'fourth', 8, fileOf([page(101)]))
  await show(book, 'fifth', 10, fileOf([page(101)]))
  expect(await Promise.all(['squatter', 'victim', 'third', 'fourth', 'fifth'].map((hotkey) => counted(book, hotkey)))).toEqual([1, 10, 0, 1, 0])
})

test('what was withdrawn after its miner passed with it is no news for two months, and what is claimed stays its own for ever', async () => {
  await using book = await openBook()
  const [withdrawn, kept] = [fileOf(ten), fileOf([page(100), page(101)])]
  const month = 216_000
  await show(book, 'first', 1, withdrawn, kept)
  await book.settle('first')
  await book.passed('first')
  await book.drop('first', [withdrawn.sha256])
  await show(book, 'first', 2)
  const copied = async (block: number) => {
    await book.unsettled(block)
    await book.settle('first')
    const [hotkey, file] = [`copy at ${block}`, fileOf([...ten, page(100), page(101)])]
    await show(book, hotkey, block, file)
    const own = await counted(book, hotkey)
    await book.forget(hotkey)
    return own
  }
  expect(await copied(month)).toBe(0)
  expect(await copied(2 * month)).toBe(0)
  for (let months = 3; months < 9; months++) expect(await copied(months * month)).toBe(10)
  expect(await counted(book, 'first')).toBe(2)
})

test('on disk is no more than twice what stands, whatever was shown and withdrawn', async () => {
  const folder = await temporaryFolder()
  await using book = await openBook(folder)
  const rows = 10_000
  let seed = 1
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0)
  const monthOf = (n: number): ListedRows => {
    const columns = emptyColumns(rows)
    for (const column of [columns.uri, columns.text, columns.sketch0, columns.sketch1]) for (let row = 0; row < rows; row++) column[row] = random()
    columns.hour.fill(n)
    const file = { ...fileOf([page(n)]), rows, textBytes: 0, labels: [['news', rows]] as [string, number][], hours: { first: n, last: n } }
    return { ...file, list: encodeRowList({ rows, ...columns, digests: new Uint8Array(16) }) }
  }
  const kept: number[] = []
  for (let month = 1; month <= 9; month++) {
    const file = monthOf(month)
    await show(book, 'miner', month * 216_000, file)
    await book.unsettled(month * 216_000)
    expect(await counted(book, 'miner')).toBe(rows)
    await book.passed('miner')
    await book.drop('miner', [file.sha256])
    let bytes = 0
    for (const name of await readdir(join(folder, 'sights'))) bytes += (await stat(join(folder, 'sights', name))).size
    kept.push(bytes / rows)
  }
  // Of the month itself, of the two before, and of a month until the next review: 56 bytes each, and what finds them.
  expect(Math.max(...kept)).toBeLessThan(2 * 4 * 60)
})

test('who does not pass within a day keeps nobody from what it shows no valid claim of', async () => {
  await using book = await openBook()
  await show(book, 'silent', 1, fileOf(ten))
  await show(book, 'failing', 1, fileOf([page(100)]))
  await show(book, 'victim', 5, fileOf([...ten, page(100)]))
  expect(await counted(book, 'victim')).toBe(0)
  expect((await book.unsettled(7200)).map(({ hotkey }) => hotkey)).toEqual(['silent', 'failing'])
  expect((await book.unsettled(7300)).map(({ hotkey }) => hotkey)).toEqual(['silent', 'failing', 'victim'])
  // Who can still be judged, if only to fail, has shown it before.
  expect([await counted(book, 'failing'), await counted(book, 'victim')]).toEqual([1, 10])
})

test('lists that are none, or say something else than their snapshot, are refused', async () => {
  await using book = await openBook()
  const file = fileOf(ten)
  expect(await book.add('miner', { ...file, list: file.list.subarray(1) }, 1)).toContain('no list')
  expect(await book.add('miner', { ...file, textBytes: 1 }, 1)).toContain('bytes of text')
  expect(await book.add('miner', { ...file, labels: [['other', 9]] }, 1)).toContain('labels')
  expect(await book.add('miner', { ...file, hours: { first: 0, last: 1 } }, 1)).toContain('hours')
  expect(await book.files('miner')).toEqual([])
})

test('what is known is known after a restart, also who was first', async () => {
  const folder = await temporaryFolder()
  {
    await using book = await openBook(folder)
    await show(book, 'first', 1, fileOf(ten))
    await book.setLook(33)
  }
  await using book = await openBook(folder)
  await show(book, 'second', 2, fileOf(ten))
  expect([await counted(book, 'first'), await counted(book, 'second'), await book.lastLook()]).toEqual([10, 0, 33])
  expect((await book.taken('first'))?.block).toBe(1)
})
