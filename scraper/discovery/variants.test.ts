import { createHash } from 'node:crypto'
import { appendFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { itemValues } from './item-values.ts'
import { createTraps, trapLimits } from './traps.ts'
import { openVariants } from './variant-journal.ts'
import { VariantBook, type VariantLimits } from './variants.ts'

const found = { depth: 3, from: 'http://h.example/' }
const range = (count: number) => Array.from({ length: count }, (_, i) => i)
const { variantsMax, variantsPerItem } = trapLimits

/** Those that are followed, asked about in this order. */
const followed = (paths: readonly string[], traps = createTraps()) => paths.filter((path) => traps.reasonOf(`http://h.example${path}`, found) === undefined)
const backwards = (text: string) => text.split('').toReversed().join('')
/** An order that has nothing to do with the one given. */
const shuffled = (paths: readonly string[]) => paths.toSorted((a, b) => (backwards(a) < backwards(b) ? -1 : 1))
/** Looks drawn, and is another for each number. */
const token = (i: number) => createHash('md5').update(String(i)).digest('hex')
const grid = (a: readonly string[], b: readonly string[]) => a.flatMap((x) => b.map((y) => `${x}&${y}`))

describe('what is visited whole', () => {
  test.each([
    ['a catalogue', range(5000).map((i) => `/item?id=${i + 1}`)],
    ['a catalogue by UUID', range(500).map((i) => `/item?uuid=550e8400-e29b-41d4-a716-${String(i).padStart(12, '0')}`)],
    ['a shop by slug', range(3000).map((i) => `/p.php?product=red-shoe-${i}`)],
    ['a forum', range(4000).flatMap((t) => [`/viewtopic.php?f=${t % 17}&t=${t}`, ...(t % 3 === 0 ? [`/viewtopic.php?f=${t % 17}&start=15&t=${t}`] : [])])],
    ['a forum of threads', range(3000).map((t) => `/showthread.php?t=${t}`)],
    ['a wiki', range(2000).map((i) => `/index.php?title=Page_${i}`)],
    [
      'a small shop with filters',
      grid(
        range(6).map((i) => `/s?colour=${i}`),
        range(6).map((i) => `size=${i}`),
      ),
    ],
  ])('%s, in any order', (_, paths) => {
    expect(followed(paths)).toHaveLength(paths.length)
    expect(followed(shuffled(paths))).toHaveLength(paths.length)
  })
})

describe('what multiplies without end is left', () => {
  const years = range(60).map((i) => `year=${1990 + i}`)
  const months = range(12).map((i) => `month=${i + 1}`)
  const days = range(3000).map((i) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10))
  const colours = range(20).map((i) => `colour=c${i}`)
  const sizes = range(20).map((i) => `size=${i}`)
  test.each([
    [
      'a calendar by month',
      grid(
        months.map((month) => `/cal?${month}`),
        years,
      ),
      variantsMax + (1 + variantsPerItem) * 12,
    ],
    ['a calendar by day', days.map((date) => `/events?date=${date}`), variantsMax],
    ['a calendar by timestamp', days.map((_, i) => `/events?at=${1_700_000_000 + i * 86_400}`), variantsMax],
    [
      'a faceted search',
      grid(
        grid(
          colours.map((c) => `/shop?${c}`),
          sizes,
        ),
        range(9).map((i) => `sort=${i}`),
      ),
      variantsMax + (1 + variantsPerItem) * 49,
    ],
    ['sessions under a name nobody knows', range(3000).map((i) => `/list?zx=${token(i)}`), variantsMax],
    [
      'sessions on the pages of a catalogue',
      grid(
        range(10).map((i) => `/item?id=${i}`),
        range(300).map((i) => `zx=${token(i)}`),
      ),
      variantsMax + (1 + variantsPerItem) * 10,
    ],
    ['searches', range(3000).map((i) => `/search?q=word${i}`), variantsMax],
    ['ways back', range(3000).map((i) => `/login?return=%2Fpage%2F${i}`), variantsMax],
  ])('%s', (_, paths, most) => {
    for (const order of [paths, shuffled(paths)]) {
      expect(followed(order).length).toBeLessThanOrEqual(most)
      expect(followed(order).length).toBeGreaterThanOrEqual(variantsMax)
    }
  })

  test('but never what a sitemap lists, nor the path without a query', () => {
    const traps = createTraps()
    followed(
      days.map((date) => `/events?date=${date}`),
      traps,
    )
    expect(traps.reasonOf('http://h.example/events?date=1999-01-01', { depth: 0 })).toBeUndefined()
    expect(traps.reasonOf('http://h.example/events', found)).toBeUndefined()
  })

  test('named sessions are refused at once', () => {
    expect(followed(range(10).map((i) => `/list?sid=${token(i)}`))).toEqual([])
  })
})

describe('the rule', () => {
  const limits: VariantLimits = { variantsMax: 5, variantsPerItem: 2, itemsMax: 6 }
  const anyQuery = fc.tuple(fc.nat(9), fc.nat(9), fc.constantFrom('', '2026-01-01', '2026-01-02')).map(([a, b, day]) => `a=${a}&b=${b}&day=${day}`)
  const anyAsked = fc.array(fc.tuple(fc.constantFrom('/x', '/y'), anyQuery), { maxLength: 120 })

  test('lets in no more than it says, keeps to what it let in, and is the same after a restart', async () => {
    const folder = await temporaryFolder()
    let runs = 0
    fc.assert(
      fc.property(anyAsked, fc.nat(120), (asked, cut) => {
        const path = join(folder, `${runs++}.bin`)
        const book = new VariantBook(limits)
        const expected = asked.map(([at, query]) => book.admit(at, query))
        const first = openVariants(path, limits)
        const before = asked.slice(0, cut).map(([at, query]) => first.book.admit(at, query))
        first[Symbol.dispose]()
        using second = openVariants(path, limits)
        expect([...before, ...asked.slice(cut).map(([at, query]) => second.book.admit(at, query))]).toEqual(expected)
        for (const at of ['/x', '/y']) {
          const queries = new Set(asked.flatMap(([path, query], i) => (path === at && expected[i] ? [query] : [])))
          const items = new Set([...queries].flatMap(itemValues))
          expect(queries.size).toBeLessThanOrEqual(limits.variantsMax + (1 + limits.variantsPerItem) * items.size)
          for (const query of queries) expect(second.book.admit(at, query)).toBe(true)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('lets in later what was one too many', () => {
    const book = new VariantBook(limits)
    const combinations = range(9).map((i) => `day=2026-01-0${i + 1}`)
    expect(combinations.filter((query) => book.admit('/x', query))).toHaveLength(limits.variantsMax)
    expect(book.admit('/x', 'a=1')).toBe(true)
    expect(book.admit('/x', combinations[8] ?? '')).toBe(true)
  })

  test('takes up what a torn file still says', async () => {
    const path = join(await temporaryFolder(), 'traps', 'm.bin')
    const open = () => openVariants(path, limits)
    {
      using variants = open()
      for (const i of range(6)) variants.book.admit('/x', `a=${i}`)
    }
    const { size } = await stat(path)
    await truncate(path, size - 3)
    {
      using variants = open()
      expect([...variants.book.admissions()]).toHaveLength(5)
      variants.book.admit('/y', 'a=1')
    }
    await appendFile(path, Buffer.alloc(32, 0xff))
    using variants = open()
    expect([...variants.book.admissions()]).toHaveLength(6)
  })

  test('writes a file anew that has become too long, and is the same', async () => {
    const path = join(await temporaryFolder(), 'm.bin')
    const asked = range(60).map((i) => `a=${i % 6}&day=2026-01-${10 + (i % 19)}`)
    const before = openVariants(path, limits)
    const expected = asked.map((query) => before.book.admit('/x', query))
    before[Symbol.dispose]()
    for (const _ of range(2)) {
      using variants = openVariants(path, limits, 100)
      expect(asked.map((query) => variants.book.admit('/x', query))).toEqual(asked.map((query) => expected[asked.lastIndexOf(query)]))
    }
  })

  test('forgets the path that was touched longest ago', () => {
    const book = new VariantBook({ ...limits, variantsMax: 1 })
    for (const i of range(4097)) book.admit(`/${i}`, 'day=2026-01-01')
    expect(book.admit('/0', 'day=2026-01-02')).toBe(true)
    expect(book.admit('/4096', 'day=2026-01-02')).toBe(false)
  })
})
