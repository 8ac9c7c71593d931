import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { isTransient } from '#infra/net/http-failure.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { hostileReasons, openRefereedWeb, pagePaths } from '../site/refereed.ts'
import { crawl, crawlFolder } from './crawl-program.ts'
import { rejectsOf } from './rejects.ts'

const isLinux = process.platform === 'linux'
if (!isLinux) console.warn('Only Linux has all of 127.0.0.0/8 as loopback: the small refereed crawl is not run here.')

const pages = 12

test.skipIf(!isLinux)(
  'a crawl of ten kinds of host offends none of them and misses nothing; the next asks what has changed',
  { timeout: 120_000 },
  async () => {
    await using web = await openRefereedWeb(pages)
    const hosts = Object.values(web.hosts)
    const origins = hosts.map(({ origin }) => origin)
    const folder = await crawlFolder(await temporaryFolder(), origins, { pages_per_cycle: 10_000, concurrency: 10, host_delay_ms: 10, timeout_seconds: 3 })
    const { code, stderr } = await crawl(folder)
    // One of the hosts never shows its robots.txt, and its seed is told to be dead.
    expect(code, stderr).toBe(1)
    expect(stderr.split('\n').filter((line) => line.startsWith('http'))).toEqual([
      expect.stringMatching(`^${web.hosts.closed.origin}/ +its robots.txt cannot be read`),
    ])

    expect(web.violations).toEqual([])
    for (const host of hosts) {
      const missing = pagePaths(pages).filter((path) => !host.served.has(path))
      expect({ kind: host.kind, missing }, host.asked.join(' ')).toEqual({ kind: host.kind, missing: host.kind === 'closed' ? pagePaths(pages) : [] })
    }
    const paths = web.hosts.spellings.asked.filter((path) => path.startsWith('/p/'))
    expect(paths.every((path) => /^\/p\/\d+$/.test(path))).toBe(true)
    expect(web.hosts.calendar.asked.filter((path) => path.startsWith('/cal/')).length).toBeLessThan(50)
    const rejects = await rejectsOf(folder.dataDir, 'miner-1')
    for (const [i, reason] of hostileReasons.entries()) {
      const found = rejects.get(`${web.hosts.hostile.origin}/hostile/${i}`)
      // What may pass is tried three times, the last beyond what a cycle waits for.
      expect({ i, reason: found ?? (isTransient(reason) ? reason : undefined) }).toEqual({ i, reason })
    }

    web.advance()
    web.versions.asked = web.versions.notModified = 0
    await using frontier = sqliteFrontier(join(folder.dataDir, 'frontier-miner-1.sqlite'), { clock: systemClock() })
    const { origin } = web.hosts.versioned
    await frontier.add(pagePaths(pages).map((path) => ({ url: origin + path, kind: 'page' as const, label: 'web', priority: 1, modifiedAt: Date.now() })))
    const second = await crawl(folder)
    expect(web.violations).toEqual([])
    // The page that is the first page as well was not kept, and is asked for without a condition.
    expect(rejects.get(`${origin}/p/0`)).toBe('same_bytes')
    expect(web.versions).toEqual({ asked: pages, notModified: pages - pages / 4 - 1 })
    expect(second.cycle?.visits).toMatchObject({ stored: pages / 4, unchanged: pages - pages / 4 - 1, rejected: 1 })
  },
)
