import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { findChromium } from '#infra/net/browser/find-chromium.ts'
import { good } from '#scraper/miner/pages.fixture.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { openAppWeb } from '../site/apps.ts'
import { crawl, crawlFolder } from './crawl-program.ts'

const canRun = process.platform === 'linux' && findChromium(process.env['ORRERY_BROWSER_PATH'] ?? '') !== undefined
if (!canRun) console.warn('The crawl of pages made by scripts is not run: it wants Linux, where all of 127.0.0.0/8 is loopback, and a Chromium.')

const pages = 12

test.skipIf(!canRun)('a crawl of pages that scripts make, killed twice, offends nobody and keeps what they show', { timeout: 240_000 }, async () => {
  await using web = await openAppWeb(pages, (host, page) => good(host * 10_000 + page))
  const folder = await crawlFolder(await temporaryFolder(), web.origins, { pages_per_cycle: 10_000, concurrency: 10, host_delay_ms: 10, timeout_seconds: 3 })
  for (const killAfterMs of [4000, 7000]) await crawl(folder, { killAfterMs })
  const { code, stderr } = await crawl(folder)
  expect(code, stderr).toBe(0)

  expect(web.violations).toEqual([])
  expect(web.asked.flat().filter((path) => path.startsWith('/private/'))).toEqual([])
  await using frontier = sqliteFrontier(join(folder.dataDir, 'frontier-miner-1.sqlite'), { clock: systemClock() })
  const { stored = 0 } = (await frontier.stats()).labels.get('web') ?? {}
  // All of the first two hosts, and of the third what was not told to wait; the front pages hold nothing to keep.
  expect(stored).toBeGreaterThanOrEqual(2 * pages + 1)
  expect(web.asked[0]?.filter((path) => path === '/app.js').length).toBeLessThanOrEqual(3)
})
