import { expect, describe, test } from 'vitest'
import { manualClock } from '#test/manual-clock.ts'
import { openHostMarks } from './host-marks.ts'
import { shapeNews, type PageNews } from './shape-news.ts'
import { shapesOf } from './url-shape.ts'

const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const at = (path: string) => `http://h.example${path}`
const [news, known]: [PageNews, PageNews] = [
  { text: 'new', led: [] },
  { text: 'known', led: [] },
]
const none = (...led: string[]): PageNews => ({ text: 'none', led: led.map(at) })

function open(marks = openHostMarks()) {
  const pace = manualClock()
  return { pace, ...shapeNews({ marks, pace }) }
}
type Shapes = ReturnType<typeof open>

/** A crawl of these pages in order: those that are not put off. */
function visit(shapes: Shapes, paths: readonly string[], of: (path: string) => PageNews): string[] {
  return paths.filter((path) => {
    if (shapes.putOffMs(at(path)) !== undefined) return false
    shapes.note(at(path), of(path))
    return true
  })
}

const marksOf = (url: string) => new Set(shapesOf(url).map(({ mark }) => mark))
const same = (a: string, b: string) => shapesOf(at(a)).flatMap(({ form, mark }) => (marksOf(at(b)).has(mark) ? [form] : []))

describe('a shape', () => {
  test.each<[string, string, string[]]>([
    ['/post-12', '/post-7', ['template', 'folder']],
    ['/post-12?sort=a', '/post-7?sort=b', ['template', 'queries', 'folder']],
    ['/post-12?sort=a', '/post-7?page=b', ['queries']],
    ['/tag/a', '/tag/b', ['folder', 'place']],
    ['/tag/a/1', '/tag/b/2', ['place']],
    ['/2026/11/a.html', '/2025/1/b.html', ['folder', 'place']],
    ['/x/8f14e45fceea167a/y', '/x/c9f0f895fb98ab91/y', ['template', 'folder', 'place']],
    ['/a.html', '/a', []],
    ['/about/', '/about', []],
    ['/', '/', ['folder']],
  ])('%s and %s share %j', (a, b, forms) => expect(same(a, b)).toEqual(forms))

  test('is that of a host', () => {
    expect(marksOf('http://other.example/post-7').isDisjointFrom(marksOf(at('/post-7')))).toBe(true)
  })
})

describe('places without end cost some dozen visits', () => {
  test.each<[string, number, (i: number) => string, PageNews]>([
    ['old versions of pages', 14, (i) => `/index.php?title=P${i % 20}&v=${i}`, known],
    ['days without events', 18, (i) => `/calendar/${2000 + (i % 40)}/${i % 12}/${i}`, none()],
    ['pages that are named by words', 24, (i) => `/tag/word${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`, none()],
    ['folders in folders', 24, (i) => `/about/${i % 2 ? 'help' : 'news'}/x${String.fromCharCode(97 + (i % 26))}/${i}/`, none()],
  ])('%s', (_, most, path, came) => {
    const visited = visit(open(), range(3000).map(path), () => came)
    expect(visited.length).toBeGreaterThan(3)
    expect(visited.length).toBeLessThanOrEqual(most)
  })

  test.each<[string, (path: string) => PageNews]>([
    ['far away', () => ({ text: 'like', led: [], depth: 3 })],
    ['each of which leads to the next', (path) => ({ text: 'like', led: [at(`/cal/${Number(path.slice(5)) + 1}`)], depth: 1 })],
  ])('pages that differ in their numbers alone, %s', (_, came) => {
    const visited = visit(
      open(),
      range(3000).map((i) => `/cal/${i}`),
      came,
    )
    expect(visited.length).toBeLessThanOrEqual(24)
  })

  test('pages that say something else each time, and are refused', () => {
    const visited = visit(
      open(),
      range(3000).map((i) => `/cal/${i}`),
      () => ({ text: 'other', led: [], depth: 9 }),
    )
    expect(visited.length).toBeLessThanOrEqual(200)
  })

  test('what was barren when a process ended is barren in the next', () => {
    const marks = openHostMarks()
    visit(
      open(marks),
      range(200).map((i) => `/cal/${i}`),
      () => none(),
    )
    const again = visit(
      open(marks),
      range(200).map((i) => `/cal/${i + 200}`),
      () => none(),
    )
    expect(again.length).toBeLessThanOrEqual(3)
  })
})

describe('what gives news is visited', () => {
  test('whole, though seven of eight pages of a kind say nothing', () => {
    const paths = range(400).map((i) => `/item/${i}`)
    expect(visit(open(), paths, (path) => (Number(path.slice(6)) % 8 === 7 ? news : none()))).toEqual(paths)
  })

  test.each(['other', 'like'] as const)('near the first page, whatever the rules think of its texts: %s', (text) => {
    const paths = range(60).map((i) => `/article-${i}`)
    expect(visit(open(), paths, () => ({ text, led: [], depth: 1 }))).toEqual(paths)
  })

  test('beside others of its folder that do not', () => {
    const shapes = open()
    const topics = range(50).map((i) => `/forum/topic?t=${i}`)
    const posts = range(300).map((i) => `/forum/topic?p=${i}`)
    expect(
      visit(shapes, [...topics.slice(0, 5), ...posts, ...topics.slice(5)], (path) => (path.includes('?t=') ? news : known)).filter((path) =>
        path.includes('?t='),
      ),
    ).toEqual(topics)
  })

  test('again, after a sample had some', () => {
    const shapes = open()
    visit(
      shapes,
      range(20).map((i) => `/item/${i}`),
      () => none(),
    )
    const later = range(2000).map((i) => `/item/${i + 20}`)
    const visited = visit(shapes, later, () => news)
    expect(visited).toEqual(later.slice(later.indexOf(visited[0] ?? '')))
  })

  test('a list whose pages lead to it is as good', () => {
    const shapes = open()
    const visited = range(60).flatMap((i) => {
      const found = range(5).map((k) => `/story/${i * 5 + k}`)
      const list = visit(shapes, [`/list/${i}`], () => none(...found))
      return list.length > 0 ? visit(shapes, found, () => news) : []
    })
    expect(visited).toHaveLength(300)
  })

  test('lists are not given up before what they lead to was seen', () => {
    const shapes = open()
    const lists = range(12).map((i) => `/list/${i}`)
    expect(visit(shapes, lists, (path) => none(`/story/${path.slice(6)}`))).toEqual(lists)
  })

  test('lists of lists, though all of them come before the first page that they list', () => {
    const shapes = open()
    const outer = range(60).map((i) => `/part-${i}/`)
    const inner = outer.flatMap((path) => range(5).map((i) => `${path}list-${i}/`))
    const visitAll = (paths: readonly string[], of: (path: string) => PageNews): string[] => {
      const visited = visit(shapes, paths, of)
      const waiting = paths.filter((path) => !visited.includes(path))
      expect(waiting.filter((path) => (shapes.putOffMs(at(path)) ?? 0) > 1000 || shapes.isBarren(at(path)))).toEqual([])
      return waiting
    }
    const waiting = [...visitAll(outer, (path) => none(...range(5).map((i) => `${path}list-${i}/`))), ...visitAll(inner, (path) => none(`${path}story-1.html`))]
    expect(waiting.length).toBeGreaterThan(100)
    shapes.note(at('/part-1/list-1/story-1.html'), news)
    expect(waiting.filter((path) => shapes.putOffMs(at(path)) !== undefined)).toEqual([])
  })

  test('but not lists that led to nothing, once that was seen', () => {
    const shapes = open()
    const lists = range(60).map((i) => `/list/${i}`)
    const visited = visit(shapes, lists, (path) => none(`/story/${path.slice(6)}`))
    for (const path of visited) shapes.note(at(`/story/${path.slice(6)}`), none())
    const put = lists.filter((path) => !visited.includes(path)).map((path) => shapes.putOffMs(at(path)))
    expect(new Set(put)).toEqual(new Set([600_000]))
  })
})

test('what is put off comes back later and later, and its links are dropped', () => {
  const shapes = open()
  const barren = range(100).map((i) => `/cal/${i}`)
  visit(shapes, barren, () => none())
  const next = barren.find((path) => shapes.putOffMs(at(path)) !== undefined) ?? ''
  expect(shapes.isBarren(at(next))).toBe(true)
  const minute = 60_000
  expect(shapes.putOffMs(at(next))).toBe(10 * minute)
  shapes.pace.advance(10 * minute)
  expect(shapes.putOffMs(at(next))).toBe(70 * minute)
  shapes.pace.advance(20 * 60 * minute)
  expect(shapes.putOffMs(at(next))).toBe(24 * 60 * minute)
  expect([shapes.hopeOf(at('/cal/7')), shapes.hopeOf(at('/story'))]).toEqual([expect.closeTo(0.3, 0), 1])
})

test('once a day one page is tried, so that a host can mend', () => {
  const shapes = open()
  visit(
    shapes,
    range(100).map((i) => `/cal/${i}`),
    () => none(),
  )
  shapes.pace.advance(86_400_000)
  const later = range(50).map((i) => `/cal/${100 + i}`)
  const tried = visit(shapes, later, () => none())
  expect(tried.length).toBeGreaterThan(0)
  expect(tried.length).toBeLessThanOrEqual(2)
  shapes.pace.advance(86_400_000)
  expect(visit(shapes, later.slice(0, 10), () => news)).toHaveLength(10)
})

test('only what has given news, and does, is proven', () => {
  const shapes = open()
  shapes.note(at('/story/1'), news)
  visit(
    shapes,
    range(20).map((i) => `/cal/${i}`),
    () => none(),
  )
  expect(['/story/2', '/cal/30', '/other/1'].map((path) => shapes.isProven(at(path)))).toEqual([true, false, false])
})
