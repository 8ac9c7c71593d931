import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, durationOf } from './figures.ts'
import { crawlTables } from './crawl-summary.ts'
import { textTable } from './table.ts'
import { cutTo, plainText, widthOf, wrapTo } from './terminal-text.ts'

test('lays out a table with numbers to the right', () => {
  const rows = [
    ['a', 1, '–'],
    ['long name', 22, '1,234.5'],
  ]
  expect(textTable(['name', 'n', 'loss'], rows)).toBe('name        n     loss\n─────────  ──  ───────\na           1        –\nlong name  22  1,234.5')
})

test('a table that is too wide goes on in more lines, and loses nothing', () => {
  const url = `http://${'h'.repeat(30)}.example/${'p'.repeat(40)}`
  const says = 'its certificate has expired, or is not valid yet'
  for (const width of [40, 60, 80]) {
    const lines = textTable(['seed', 'because', 'n'], [[url, says, 7]], width).split('\n')
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width)
    const joined = lines.slice(2).join(' ').replace(/\s+/g, '')
    for (const part of [...says.split(' '), '7']) expect(joined).toContain(part)
  }
})

test('text is cut and wrapped to columns, whatever it is made of', () => {
  const text = fc.array(fc.constantFrom('a', 'word', ' ', '語', 'é', '🚀', '\u0301')).map((parts) => plainText(parts.join('')))
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 30 }), (given, columns) => {
      expect(widthOf(cutTo(given, columns))).toBeLessThanOrEqual(columns)
      const lines = wrapTo(given, columns)
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
      expect(lines.join('').replaceAll(' ', '')).toBe(given.replaceAll(' ', ''))
    }),
  )
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_949, '1.0 MB'],
  [123_456_789, '123 MB'],
])('%i bytes are %s', (bytes, text) => expect(bytesOf(bytes)).toBe(text))

test.each([
  [-5, '0 s'],
  [1, '1 s'],
  [65_000, '1 min 5 s'],
  [7_200_000, '2 h'],
  [93_600_000, '1 d 2 h'],
])('%i ms are %s', (ms, text) => expect(durationOf(ms)).toBe(text))

test('what a crawl came to, for people', () => {
  const counters = {
    'crawl.pages{outcome=stored}': 1200,
    'crawl.pages{outcome=failed}': 34,
    'crawl.documents{label=docs}': 1200,
    'crawl.bytes': 5_600_000,
    'crawl.rejected{reason=noindex}': 3,
  }
  const deadSeeds = [{ url: 'http://h.example/', label: 'docs', cause: 'http_404', says: 'answered 404, there is no such page' }]
  expect(crawlTables({ counters, seconds: 75, deadSeeds })).toBe(`crawl
─────────────  ───────────────────────────────
pages visited  1,234 (1,200 stored, 34 failed)
new documents  1,200 (1,200 docs)
received       5.6 MB
time           1 min 15 s

rejected because  pages
────────────────  ─────
noindex               3

seed that came to nothing  because
─────────────────────────  ───────────────────────────────────
http://h.example/          answered 404, there is no such page`)
})
