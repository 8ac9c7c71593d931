import { createHash } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openHostMarks } from './host-marks.ts'
import { itemValues } from './parameters.ts'
import { createTraps, trapLimits } from './traps.ts'
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
    ['DokuWiki', range(2000).map((i) => `/doku.php?id=wiki:page-${i}`)],
    ['a wiki of subpages', range(2000).map((i) => `/index.php?title=Help:Guide/Page_${i}`)],
    ['Drupal without clean URLs', range(2000).map((i) => `/?q=node/${i}`)],
    ['files by path', range(2000).map((i) => `/show.php?file=part/${i}.html`)],
    ['queries that are names', range(2000).map((i) => `/showthread.php?${i}-a-title`)],
    ['queries that are paths', range(2000).map((i) => `/index.php?/topic/${i}-a-title/`)],
    ['stories by sid', range(2000).map((i) => `/article.php?sid=${i}`)],
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
    ['ways back', range(3000).map((i) => `/go?return=%2Fpage%2F${i}`), variantsMax],
    ['filters', range(3000).map((i) => `/shop?filter_price=${i}&price=${i}`), variantsMax],
    ['filters of Drupal', range(3000).map((i) => `/shop?f%5B0%5D=colour%3A${i}&f%5B1%5D=size%3A${i}`), variantsMax],
    ['filters of Shopify and WooCommerce', range(3000).map((i) => `/shop?attribute_pa_size=${i}&filter.v.price.gte=${i}`), variantsMax],
    ['where a product stood in a list', range(3000).map((i) => `/shop?_pos=${i}&_ss=r`), variantsMax],
    ['words to mark', range(3000).map((i) => `/story?highlight=w${i}`), variantsMax],
    ['ways to go', range(3000).map((i) => `/go?to=${i}`), variantsMax],
    ['days that are no dates', range(3000).map((i) => `/cal?day=${i}&year=${i}`), variantsMax],
    ['orders and versions', range(3000).map((i) => `/list?rev=${i}&sort=s${i}`), variantsMax],
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

  test('of the posts of topics a few are enough', () => {
    const topics = range(40).map((t) => `/viewtopic.php?t=${t}`)
    expect(followed(range(1000).flatMap((p) => [`/viewtopic.php?p=${p}`, `/showthread.php?t=4&pid=${p}`, `/index.php?topic=4.msg${p}`]))).toHaveLength(
      8 + 8 + 8 + 1,
    )
    expect(followed([...range(1000).map((p) => `/viewtopic.php?p=${p}`), ...topics])).toHaveLength(8 + topics.length)
  })

  test('named sessions are refused at once', () => {
    expect(followed(range(10).map((i) => `/list?sid=${token(i)}`))).toEqual([])
  })
})

const page = (i: number) => `http://h.example/${i}`

describe('the rule', () => {
  const limits: VariantLimits = { variantsMax: 5, variantsPerItem: 2, itemsMax: 6 }
  const pages = ['http://h.example/x', 'http://h.example/y']
  const anyQuery = fc.tuple(fc.nat(9), fc.nat(9), fc.constantFrom('', '2026-01-01', '2026-01-02')).map(([a, b, day]) => `a=${a}&b=${b}&day=${day}`)
  const anyAsked = fc.array(fc.tuple(fc.constantFrom(...pages), anyQuery), { maxLength: 120 })

  test('lets in no more than it says, keeps to what it let in, and is the same after a restart', async () => {
    const folder = await temporaryFolder()
    let runs = 0
    fc.assert(
      fc.property(anyAsked, fc.nat(120), (asked, cut) => {
        const path = join(folder, `${runs++}.sqlite`)
        const book = new VariantBook(limits, openHostMarks())
        const expected = asked.map(([page, query]) => book.admit(page, query))
        const admitting = (some: typeof asked) => {
          using marks = openHostMarks(path)
          const again = new VariantBook(limits, marks)
          return some.map(([page, query]) => again.admit(page, query))
        }
        expect([...admitting(asked.slice(0, cut)), ...admitting(asked.slice(cut))]).toEqual(expected)
        for (const page of pages) {
          const queries = new Set(asked.flatMap(([of, query], i) => (of === page && expected[i] ? [query] : [])))
          const items = new Set([...queries].flatMap((query) => itemValues(page, query)))
          expect(queries.size).toBeLessThanOrEqual(limits.variantsMax + (1 + limits.variantsPerItem) * items.size)
          for (const query of queries) expect(book.admit(page, query)).toBe(true)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('lets in later what was one too many', () => {
    const book = new VariantBook(limits, openHostMarks())
    const combinations = range(9).map((i) => `day=2026-01-0${i + 1}`)
    expect(combinations.filter((query) => book.admit('http://h.example/x', query))).toHaveLength(limits.variantsMax)
    expect(book.admit('http://h.example/x', 'a=1')).toBe(true)
    expect(book.admit('http://h.example/x', combinations[8] ?? '')).toBe(true)
  })

  test('holds for any number of paths', () => {
    const book = new VariantBook({ ...limits, variantsMax: 1 }, openHostMarks())
    for (const i of range(6000)) book.admit(page(i), 'day=2026-01-01')
    expect(range(6000).filter((i) => book.admit(page(i), 'day=2026-01-02'))).toEqual([])
  })

  test('takes a run of slashes for one', () => {
    const book = new VariantBook({ ...limits, variantsMax: 1 }, openHostMarks())
    expect([book.admit('http://h.example/a/b', 'day=2026-01-01'), book.admit('http://h.example/a//b', 'day=2026-01-02')]).toEqual([true, false])
  })

  test('of a host that has as many as it may nothing more is let in, and others are not affected', () => {
    const book = new VariantBook(limits, openHostMarks(undefined, { hostMarksMax: 30, marksMax: 1000 }))
    const admitted = (host: string) => range(50).filter((i) => book.admit(`http://${host}.example/p${i}`, `id=${i}`)).length
    expect([admitted('a'), admitted('b')]).toEqual([10, 10])
  })
})
