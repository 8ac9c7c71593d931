import { expect, test } from 'vitest'
import type { Http } from '#infra/net/http.ts'
import { openSite } from '#test/site/site.ts'
import { job, leapingClock, openBench } from './bench.fixture.ts'
import { forest } from './pages.fixture.ts'

const hour = 3_600_000

test.each(['dns_failed', 'timeout'] as const)('an hour without network (%s) loses no page, asks little and says so', async (reason) => {
  const pace = leapingClock()
  const [hosts, pages] = [8, 6]
  const start = pace.now()
  const outage = { from: start + 60_000, to: start + 60_000 + hour }
  const isOut = () => pace.now() >= outage.from && pace.now() < outage.to
  const asked = { inOutage: 0, all: 0 }
  const network = (http: Http): Http => ({
    ...http,
    // As if they were out there.
    isVirtual: () => false,
    async get(url, options) {
      asked.all++
      if (!isOut()) return http.get(url, options)
      asked.inOutage++
      return { ok: false, url, reason, detail: '', address: undefined, wireBytes: 0 }
    },
  })
  await using site = await openSite(forest(hosts, pages, () => 0))
  const seeds = [...'abcdefgh'].map((name) => `http://${name}.localhost/`)
  const jobs = [job('all', seeds, ['http://*.localhost/*'])]
  await using bench = await openBench(site, { pace, network, jobs, reproducible: false, settings: { host_delay_ms: 20_000 } })
  const events: unknown[] = []
  bench.telemetry.listen(({ name, fields }) => /^crawl\.(?:paused|resumed)$/.test(name) && events.push(fields.reason ?? name))
  const totals = { stored: 0, failed: 0, rejected: 0 }
  while (pace.now() < outage.to + 10 * 60_000) {
    const { visits } = await bench.cycle()
    totals.stored += visits.stored
    totals.failed += visits.failed
    totals.rejected += visits.rejected
    pace.leap(5000)
  }
  expect(totals).toEqual({ stored: hosts * pages, failed: 0, rejected: 0 })
  expect(asked.inOutage).toBeGreaterThan(10)
  expect(asked.inOutage).toBeLessThan(100)
  expect(events[0]).toBe('uplink')
  expect(events.at(-1)).toBe('crawl.resumed')
})
