import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openHostMarks, type HostMarks } from './host-marks.ts'

const url = 'http://h.example/a'
const pathOf = async () => join(await temporaryFolder(), 'marks.sqlite')
const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const host = (i: number) => `http://h${i}.example/`
const known = (marks: HostMarks, of: string, n: number) => range(n).filter((i) => marks.get(of, 'variants', 1, i) !== undefined)

test('are told by host, kind, topic and mark, and seen at once', () => {
  using marks = openHostMarks()
  marks.put(url, 'variants', 1, 2, 3)
  expect(marks.get('http://h.example/other', 'variants', 1, 2)).toBe(3)
  expect(marks.get('https://h.example/', 'variants', 1, 2)).toBe(3)
  const others: Parameters<HostMarks['get']>[] = [
    ['http://h.example:81/a', 'variants', 1, 2],
    [url, 'shapes', 1, 2],
    [url, 'variants', 2, 2],
    [url, 'variants', 1, 3],
  ]
  for (const other of others) expect(marks.get(...other)).toBeUndefined()
  marks.put(url, 'variants', 1, 2, 2 ** 53 - 1)
  expect(marks.get(url, 'variants', 1, 2)).toBe(2 ** 53 - 1)
  marks.drop(url, 'variants', 1, 2)
  expect(marks.get(url, 'variants', 1, 2)).toBeUndefined()
})

test('more than are kept in memory are found in the file', async () => {
  const path = await pathOf()
  using marks = openHostMarks(path)
  for (const i of range(5000)) marks.put(url, 'variants', 1, i, i)
  expect(known(marks, url, 5000)).toHaveLength(5000)
  using again = openHostMarks(path)
  expect(known(again, url, 5001).length).toBeGreaterThanOrEqual(4000)
  expect(again.put(url, 'variants', 1, 6000, 1) && again.get(url, 'variants', 1, 6000)).toBe(1)
})

test('are in the file a moment later, whatever becomes of the process', async () => {
  const path = await pathOf()
  using first = openHostMarks(path)
  for (const i of range(100)) first.put(url, 'variants', 1, i, i)
  using second = openHostMarks(path)
  await expect.poll(() => (first.get(url, 'variants', 1, 0), new DatabaseSync(path).prepare('select count(*) as n from marks').get())).toEqual({ n: 100 })
  expect(known(second, url, 100)).toHaveLength(100)
})

test('of a host that has as many of a kind as it may no new one is taken; its old ones change, its other kinds and other hosts are not affected', () => {
  using marks = openHostMarks(undefined, { hostMarksMax: 10, marksMax: 1000 })
  expect(range(20).filter((i) => marks.put(url, 'variants', 1, i, 0))).toEqual(range(10))
  expect([marks.put(url, 'variants', 1, 3, 7), marks.get(url, 'variants', 1, 3)]).toEqual([true, 7])
  expect([marks.put(url, 'shapes', 1, 0, 0), marks.put('http://other.example/', 'variants', 1, 0, 0)]).toEqual([true, true])
  marks.drop(url, 'variants', 1, 0)
  expect([marks.put(url, 'variants', 1, 11, 0), marks.put(url, 'variants', 1, 12, 0)]).toEqual([true, false])
})

test('beyond all there is room for those go that have not grown for longest, after a restart too', async () => {
  const path = await pathOf()
  const bounds = { hostMarksMax: 40, marksMax: 100 }
  for (const i of range(8)) {
    using marks = openHostMarks(path, bounds)
    for (const mark of range(40)) marks.put(host(i), 'variants', 1, mark, 0)
  }
  using marks = openHostMarks(path, bounds)
  expect(range(8).map((i) => known(marks, host(i), 40).length)).toEqual([0, 0, 0, 0, 0, 0, 40, 40])
})

test('while another process writes to the file what is put stays in memory, and nobody waits', async () => {
  const path = await pathOf()
  using marks = openHostMarks(path)
  using other = new DatabaseSync(path)
  other.exec('begin immediate')
  expect(range(30_000).filter((i) => marks.put(url, 'variants', 1, i, i)).length).toBe(20_000)
  expect([marks.get(url, 'variants', 1, 7), marks.get(url, 'variants', 1, 25_000)]).toEqual([7, undefined])
  other.exec('rollback')
  marks.put(url, 'variants', 1, 7, 8)
  await delay(0)
  expect(other.prepare('select count(*) as n, max(value) as most from marks').get()).toEqual({ n: 20_000, most: 19_999 })
})

test('what was dropped or changed before it was written is not there, or as it was last', async () => {
  const path = await pathOf()
  {
    using marks = openHostMarks(path)
    marks.put(url, 'variants', 1, 1, 1)
    marks.put(url, 'variants', 1, 2, 1)
    marks.drop(url, 'variants', 1, 1)
    marks.put(url, 'variants', 1, 2, 5)
  }
  using marks = openHostMarks(path)
  expect([1, 2].map((mark) => marks.get(url, 'variants', 1, mark))).toEqual([undefined, 5])
})
