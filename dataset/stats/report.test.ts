import { expect, test } from 'vitest'
import type { DatasetStatistics } from './described.ts'
import { htmlReport } from './report.ts'
import { textReport } from './text-report.ts'

const evil = `</title><script>alert("1")</script>'&\u202e\u0007`
const values = (...names: (string | null)[]) => ({ distinct: names.length, values: names.map((value, n) => ({ value, documents: 100 - n, text_bytes: 1000 })) })
const statistics = (parts: Partial<DatasetStatistics> = {}): DatasetStatistics => ({
  dataset: 'web',
  version: 3,
  sha256: 'a'.repeat(64),
  documents: 1234,
  text_bytes: 5678,
  tokens: { tokenizer: 'o200k_base', tokens: 91011, shards: 1 },
  labels: values(evil, 'constructor'),
  languages: values('en'),
  hosts: values(...Array.from({ length: 40 }, (_, n) => `host${n}.example`)),
  licences: values('MIT', null),
  page_types: values('article'),
  months: [
    { month: '2025-11', documents: 3 },
    { month: '2026-01', documents: 7 },
  ],
  text_sizes: [{ bytes: 512, documents: 10 }],
  quality: [{ rule: evil, documents: 5, min: -1, max: 1e308, mean: 0.123456, hist: Array.from({ length: 20 }, (_, n) => n) }],
  dropped: [[evil, 2]],
  ...parts,
})

test('the page has a plot and a table of each, and runs and loads nothing', () => {
  const page = htmlReport(statistics())
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
  expect(page.match(/<svg [^>]*role="img" aria-label=/g)).toHaveLength(9)
  expect(page.match(/<table>/g)).toHaveLength(9)
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:|\son\w+=/)
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  expect(page).toMatch(/prefers-color-scheme:dark/)
  expect(page).toContain('1,234')
  // Months without documents have their place in the scale.
  expect(page).toContain('<title>2025-12: 0</title>')
})

test('what a miner wrote is text, and turns nothing', () => {
  const page = htmlReport(statistics())
  expect(page).toContain('&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;')
  const [opened, closed] = [page.match(/<title>/g), page.match(/<\/title>/g)]
  expect(closed).toHaveLength(opened?.length ?? 0)
  for (const report of [page, textReport(statistics())]) expect(['\u0007', '\u001b', '\u202e'].filter((char) => report.includes(char))).toEqual([])
})

test('an empty dataset has an empty report, and dates of all times a bounded one', () => {
  const nothing = { distinct: 0, values: [] }
  const empty = statistics({
    documents: 0,
    tokens: null,
    labels: nothing,
    languages: nothing,
    hosts: nothing,
    licences: nothing,
    page_types: nothing,
    months: [],
    text_sizes: [],
    quality: [],
    dropped: [],
  })
  expect(htmlReport(empty)).toContain('There is nothing to show.')
  expect(textReport(empty)).toMatch(/web version 3: 0 documents/)
  const months = ['0001-01', '9999-12'].map((month) => ({ month, documents: 1 }))
  expect(htmlReport(statistics({ months })).length).toBeLessThan(100_000)
})

test('a terminal is told the most frequent, with bars', () => {
  expect(textReport(statistics())).toMatch(/Hosts \(10 of 40\)\n {2}host0[.]example +100 █{24}\n/)
})
