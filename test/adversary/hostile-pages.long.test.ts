import { describe, expect, test } from 'vitest'
import { extractPage } from '#scraper/extract/extract-page.ts'
import { openTaskReader } from '#scraper/document/page-document.ts'
import { hostilePages } from './hostile-pages.ts'

const url = 'http://h.example/'
const chars = 250_000
/** Four times the page may cost so many times the CPU: linear is 4, quadratic 16. What costs less than `noiseMs` says nothing. */
const growthMax = 9
const noiseMs = 400

const repeat = (piece: string, bytes: number): Buffer => Buffer.alloc(bytes, piece)

function cpuMs(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

describe('the cost of a hostile page grows with its size, and no faster', () => {
  test.each(Object.entries(hostilePages))('%s', (_, make) => {
    const costOf = (n: number): number => {
      const html = make(n)
      const read = () => void extractPage(html, url).markdown()
      // The smaller of two: a collection of garbage may fall into either.
      return Math.min(cpuMs(read), cpuMs(read))
    }
    costOf(chars)
    const small = costOf(chars)
    expect(costOf(4 * chars)).toBeLessThan(Math.max(noiseMs, growthMax * small))
  })
})

describe('pages of a size that no page has', async () => {
  const read = await openTaskReader()
  test.each<[string, () => Buffer, RegExp]>([
    ['200,000 nested elements', () => Buffer.from('<div>'.repeat(200_000)), /^too_deep$/],
    ['a million elements', () => Buffer.from('<i></i>'.repeat(1_000_001)), /^too_many_nodes$/],
    ['50 MB of one line', () => Buffer.concat([Buffer.from('<p>'), repeat('x', 50_000_000)]), /^too_large$/],
    ['50 MB of one line of words', () => Buffer.concat([Buffer.from('<p>'), repeat('lorem ipsum ', 50_000_000)]), /^too_large$/],
    [
      'a million attributes of one tag',
      () => Buffer.from(`<p ${Array.from({ length: 1_000_000 }, (_, i) => `a${i}=1`).join(' ')}>x`),
      /^(?:no_text|too_many_attributes|gopher_\w+)$/,
    ],
    ['a million attributes of many tags', () => Buffer.from('<p a=1 b=2 c=3 d=4 e=5>x'.repeat(200_000)), /^(?:no_text|gopher_\w+)$/],
    ['ten megabytes of one attribute', () => Buffer.from(`<p class="${'x '.repeat(5_000_000)}">x`), /^(?:no_text|gopher_\w+)$/],
  ])('%s', (_, make, reason) => {
    const fetched = { url, status: 200, headers: {}, body: make() }
    const { document } = read({ fetched, rendered: undefined, robotsTxt: undefined, host: undefined, nowMs: 0, obeyRights: true, keepsMarkdown: false })
    expect(document).toMatch(reason)
  })
})
