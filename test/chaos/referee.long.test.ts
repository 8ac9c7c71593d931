import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { crawl, crawlFolder } from './crawl-program.ts'
import { rejectsOf } from './rejects.ts'
import { seeded } from './killed-up.ts'
import { hasLoopbackWeb, startLoopbackWeb, type RefereeReport } from './loopback-web.ts'

if (!hasLoopbackWeb) console.warn('The refereed crawl is not run: it wants the refereed web and its pages in ../shared, and a Node in /usr/bin.')

const hosts = 40
const pages = 100
/** Kind 2 must not be asked; all pages of the others may be read, and are in their sitemaps. */
const allowedPages = (hosts - hosts / 10) * pages
/** Hostile pages that end as something that may pass: path number → reason. */
const passing = new Map([
  [1, 'timeout'],
  [2, 'timeout'],
  [9, 'timeout'],
  [11, 'connection_failed'],
])
const settings = { pages_per_cycle: 100_000, concurrency: 40, host_delay_ms: 20, timeout_seconds: 4 }

test.skipIf(!hasLoopbackWeb)('a refereed crawl of a hostile web, killed three times, offends nobody and misses nothing', { timeout: 2_400_000 }, async () => {
  await using web = await startLoopbackWeb({ hosts, pages })
  // Each of the twelve hostile pages of a host is asked for, though eight in a row bring nothing.
  const folder = await crawlFolder(await temporaryFolder(), web.origins, settings, { barren_after: 12 })
  const random = seeded(20_261_122)
  const rss: number[] = []
  for (let kill = 0; kill < 3; kill++) rss.push((await crawl(folder, { killAfterMs: 2000 + random() * 10_000 })).rssBytes)
  const end = await crawl(folder)
  expectOnlyClosedSeedsDead(end)

  const report = await web.report()
  expect(report.violations, JSON.stringify(report.examples)).toEqual({})
  expect(report.calendarDepth).toBeLessThanOrEqual(50)
  expect(report.pages).toBe(allowedPages)
  expect(Math.max(end.rssBytes, ...rss)).toBeLessThan(600e6)
  expect(report.agents).toHaveLength(1)
  const rejects = await rejectsOf(folder.dataDir, 'miner-1')
  for (const origin of web.origins.filter((_, i) => i % 10 === 8)) {
    // What may pass is tried three times, the last beyond what a cycle waits for.
    const reasons = Array.from({ length: 12 }, (_, i) => rejects.get(`${origin}/hostile/${i}`) ?? passing.get(i))
    // The eleventh is a page of bad links: it is kept or refused for its text.
    expect(reasons).toEqual([
      expect.stringMatching(/^(?:too_large|ratio_too_high)$/),
      expect.stringMatching(/^(?:too_large|timeout)$/),
      expect.stringMatching(/timeout$/),
      expect.stringMatching(/^redirect/),
      'redirected',
      'redirected',
      expect.stringMatching(/^not_html/),
      expect.any(String),
      'too_deep',
      expect.any(String),
      expect.any(String),
      'connection_failed',
    ])
  }
  console.info(
    `refereed crawl: ${report.requests} requests, ${report.pages} pages, calendar left at ${report.calendarDepth}, RSS ${Math.round(Math.max(...rss, end.rssBytes) / 1e6)} MB`,
  )

  // The second pass: as if a feed had said that all pages of kind 9 that were kept have changed.
  const changing = web.origins.filter((_, i) => i % 10 === 9)
  await web.advance()
  await using frontier = sqliteFrontier(join(folder.dataDir, 'frontier-miner-1.sqlite'), { clock: systemClock() })
  const known = changing.flatMap((origin) => [`${origin}/`, ...Array.from({ length: pages }, (_, i) => `${origin}/p/${i}`)])
  // A page that was refused is not visited again by itself; one that is a duplicate is.
  const urls = known.filter((url) => (rejects.get(url) ?? 'duplicate_none').startsWith('duplicate_'))
  await frontier.add(urls.map((url) => ({ url, kind: 'page' as const, label: 'web', priority: 1, modifiedAt: Date.now() })))
  const knownBefore = (await frontier.stats()).known
  const second = await crawl(folder)
  expectOnlyClosedSeedsDead(second)
  const after = await web.report()
  expect(after.violations, JSON.stringify(after.examples)).toEqual({})
  const requestsOf = ({ hosts: counted }: RefereeReport) => changing.reduce((sum, origin) => sum + (counted[new URL(origin).hostname]?.requests ?? 0), 0)
  const asked = requestsOf(after) - requestsOf(report)
  const conditional = after.conditional - report.conditional
  const notModified = after.notModified - report.notModified
  // What hosts say of themselves is known for its day; what the changed pages link to for the first time has no condition yet.
  const firstTime = (await frontier.stats()).known - knownBefore
  const changed = urls.length - notModified
  expect(conditional).toBe(urls.length)
  expect(asked).toBeLessThanOrEqual(urls.length + firstTime)
  expect(conditional / asked).toBeGreaterThanOrEqual(0.95)
  expect(changed).toBeGreaterThan(0)
  expect(second.cycle?.visits['unchanged'] ?? 0).toBeGreaterThanOrEqual(notModified)
  expect(second.cycle?.visits['stored'] ?? 0).toBeLessThanOrEqual(changed)
  console.info(
    `second pass: ${conditional} of ${asked} requests conditional, ${firstTime} for the first time, ${notModified} not modified, ${second.cycle?.visits['stored']} stored`,
  )
})

/**
 * Of the hosts whose robots.txt cannot be read the seeds are dead, and of no others. Whether they are told depends on whether this run asked them: they rest for
 * minutes after each try, and what a killed run knew of them is gone.
 */
function expectOnlyClosedSeedsDead({ code, stderr }: { code: unknown; stderr: string }): void {
  const dead = stderr.split('\n').filter((line) => line.startsWith('http://'))
  for (const line of dead) expect(line).toMatch(/^http:\/\/127\.0\.1\.\d*3:\d+\/ +its robots\.txt cannot be read/)
  expect(code, stderr).toBe(dead.length > 0 ? 1 : 0)
}
