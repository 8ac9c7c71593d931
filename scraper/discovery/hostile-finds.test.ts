import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { scanLinks } from '../extract/html/link-scanner.ts'
import { compileJobs } from '../jobs/jobs.ts'
import { shareOf } from '../jobs/share.ts'
import { noFinds, type FoundUrl } from '../source/found.ts'
import { sitemapSource } from '../source/sitemap.ts'
import { targetsOf } from './targets.ts'
import { createTraps } from './traps.ts'

const job: DesirabilityJob = {
  id: 'all',
  weight: 1,
  params: { keyword: null, platform: 'web', label: 'all', post_start_datetime: null, post_end_datetime: null },
  web: { seeds: [], include: ['*://*/*'] },
}
const base = 'http://h.example/map.xml'
const good = { url: 'http://h.example/good' }

/** From what was found to what is claimed, on the real parts. */
async function crawl() {
  const clock = manualClock()
  const frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock })
  const targets = targetsOf({ jobs: compileJobs([job]), isOurs: shareOf('1/1'), traps: createTraps(), now: clock.now })
  return {
    clock,
    frontier,
    take: async (finds: Partial<typeof noFinds>) => (await frontier.add(targets.found({ ...noFinds, ...finds }, { url: base, kind: 'sitemap' }).targets)).added,
    [Symbol.asyncDispose]: () => frontier[Symbol.asyncDispose](),
  }
}

describe('one odd find costs itself', () => {
  test.each(['pages', 'sitemaps', 'feeds'] as const)('a date that cannot be is none: %s', async (list) => {
    await using crawling = await crawl()
    const { clock } = crawling
    const dates = [-1, -62_135_596_800_000, -Infinity, Infinity, Number.NaN, clock.now() + 1, 8.64e15, 1e300]
    const odd = dates.map((modifiedAt, i): FoundUrl => ({ url: `http://odd-${i}.example/`, modifiedAt }))
    const fractional = { url: 'http://fraction.example/', modifiedAt: 5000.5 }
    expect(await crawling.take({ [list]: [...odd, good, fractional] })).toBe(dates.length + 2)
    const claims = await crawling.frontier.claim({ limit: 99, leaseMs: 1000 })
    expect(claims.length).toBe(dates.length + 2)
    expect(claims.flatMap(({ url, modifiedAt }) => (modifiedAt === undefined ? [] : [[url, modifiedAt]]))).toEqual([[fractional.url, 5000]])
  })

  test('whatever date a sitemap gives, all that it lists is taken', async () => {
    await using crawling = await crawl()
    const dates = [
      '1969-12-31',
      '0001-01-01',
      '-000001-01-01T00:00:00Z',
      '+275760-09-13',
      '9999-12-31T23:59:59Z',
      '2026-02-31',
      '1e9',
      '\u0661\u0669\u0667\u0660-01-01',
      '',
    ]
    const entries = dates.map((date, i) => `<url><loc>http://h.example/${i}</loc><lastmod>${date}</lastmod></url>`)
    const body = new TextEncoder().encode(`<urlset>${entries.join('')}<url><loc>${good.url}</loc></url></urlset>`)
    const read = sitemapSource.read({ url: base, status: 200, headers: {}, body })
    if (typeof read === 'string') throw new Error(read)
    expect(await crawling.take(read.found)).toBe(dates.length + 1)
  })

  test('whatever a page links to, the frontier takes what becomes a target of it', async () => {
    await using crawling = await crawl()
    const unit = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\ud800', '\udfff', '\0', '\u0001', '\u00a0', '\u2028', ' ', '%', '%00', '\\', '//', '@', ':', '[', ']'),
    )
    const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''))
    const start = fc.constantFrom('', 'http://', 'https://', '//', '/', 'http://a.example/', 'http://[::1]/', 'http://xn--', 'HTTP://\u{1f600}.example/')
    const href = fc.tuple(start, text, fc.constantFrom(0, 0, 0, 2048, 9000)).map(([head, tail, more]) => head + tail + 'x'.repeat(more))
    await fc.assert(
      fc.asyncProperty(fc.array(href, { maxLength: 20 }), fc.integer({ min: 0, max: 1e9 }), async (hrefs, n) => {
        const own = `http://h.example/good-${n}`
        const html = [...hrefs, own].map((each) => `<a href="${each.replaceAll(/["&<]/g, '')}">x</a>`).join('')
        const pages = scanLinks(html, 'http://h.example/').links
        await crawling.take({ pages })
        expect(await crawling.take({ pages: [{ url: own, modifiedAt: 1 }] })).toBe(0)
      }),
      { numRuns: 300, seed: 3 },
    )
  })
})
