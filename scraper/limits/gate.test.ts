import fc from 'fast-check'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createHttp } from '#infra/net/http.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { parseActiveHours, untilActiveMs } from './active-hours.ts'
import { leapingClock, openBench } from '../miner/bench.fixture.ts'
import { openGate } from './gate.ts'
import { forest } from '../miner/pages.fixture.ts'
import { TokenBucket } from './token-bucket.ts'
import { createUplink } from './uplink.ts'

const hourMs = 3_600_000
const at = (hour: number, minute = 0, second = 0) => new Date(2026, 5, 10, hour, minute, second).getTime()

describe('hours of the day', () => {
  const night = parseActiveHours('22:00-06:30')
  test.each([
    [at(22), 0],
    [at(23, 59, 59), 0],
    [at(6, 29, 59), 0],
    [at(6, 30), 15.5 * hourMs],
    [at(21, 59, 59), 1000],
    [at(12), 10 * hourMs],
  ])('over midnight: %d', (now, wait) => expect(untilActiveMs(night, now)).toBe(wait))

  test.each([
    [at(9), 0],
    [at(8), hourMs],
    [at(17), 16 * hourMs],
  ])('of a working day: %d', (now, wait) => expect(untilActiveMs(parseActiveHours('09:00-17:00'), now)).toBe(wait))

  test('the same time twice is the whole day', () => {
    for (let hour = 0; hour < 24; hour++) expect(untilActiveMs(parseActiveHours('05:00-05:00'), at(hour))).toBe(0)
  })
})

test('a bucket never lets more through than its rate and one second of it', () => {
  const steps = fc.array(fc.tuple(fc.nat(2000), fc.nat(50)), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), (asks, perSecond) => {
      const bucket = new TokenBucket(perSecond, 0)
      let [now, taken] = [0, 0]
      for (const [passedMs, wanted] of asks) {
        now += passedMs
        const given = Math.min(wanted, bucket.available(now))
        bucket.take(given, now)
        taken += given
        expect(taken).toBeLessThanOrEqual(perSecond + (now / 1000) * perSecond + 1e-6)
      }
    }),
  )
})

test('what was spent too much is waited for', () => {
  const bucket = new TokenBucket(1000, 0)
  bucket.take(5000, 0)
  expect(bucket.waitMs(0)).toBe(4001)
  expect(bucket.waitMs(4001)).toBe(0)
})

const moved: Page = (response) => void response.writeHead(302, { location: '/' }).end()

describe('the crawl', () => {
  test('keeps to its rate of requests', async () => {
    const pace = leapingClock()
    await using site = await openSite(forest(4, 5, () => 0))
    await using bench = await openBench(site, { pace, reproducible: false, settings: { requests_per_second: 2 } })
    const startedAt = pace.now()
    expect(await bench.cycle()).toMatchObject({ visits: { stored: 20 } })
    expect(pace.now() - startedAt).toBeGreaterThanOrEqual(8500)
  })

  test('counts whatever was asked, with the bytes of whatever was answered', async () => {
    const pace = manualClock()
    await using site = await openSite({ 'a.localhost': { '/': 'x'.repeat(1000), '/moved': moved } })
    await using client = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 2000, hosts: site.hosts })
    const gate = openGate({
      settings: { requests_per_second: 10, bytes_per_second: 500 },
      pace,
      dataDir: '',
      uplink: createUplink(pace),
      telemetry: createTelemetry(),
    })
    const http = gate.watch(client)
    gate.began(2)
    expect(await gate.ask(2)).toEqual({ visits: 8 })
    for (const path of ['robots.txt', 'moved', 'none']) await http.get(`http://a.localhost/${path}`, { redirectsMax: 0 })
    // Two were paid for by the visits.
    expect(await gate.ask(2)).toEqual({ visits: 7 })
    await http.get('http://a.localhost/')
    expect(await gate.ask(0)).toEqual({ reason: 'bytes_per_second', waitMs: expect.closeTo(1070, -2) })
    pace.advance(10_000)
    gate.began(4)
    expect(await gate.ask(0)).toEqual({ visits: 6 })
    // Visits that have ended without a request paid for no other.
    await http.get('http://a.localhost/moved', { redirectsMax: 0 })
    expect(await gate.ask(0)).toEqual({ visits: 5 })
  })

  test('waits for its hours, and says so', async () => {
    const pace = leapingClock()
    const hour = (hours: number) => `${String((new Date(pace.now()).getHours() + hours) % 24).padStart(2, '0')}:00`
    await using site = await openSite(forest(1, 3, () => 0))
    await using bench = await openBench(site, { pace, settings: { active: `${hour(3)}-${hour(4)}` } })
    const told: string[] = []
    bench.telemetry.listen(({ name, fields }) => void (name.startsWith('crawl.') && told.push(`${name} ${String(fields['reason'] ?? '')}`)))
    const startedAt = pace.now()
    await bench.cycle()
    expect(pace.now() - startedAt).toBeGreaterThan(2 * hourMs)
    expect(told.filter((event) => !event.startsWith('crawl.progress'))).toEqual(['crawl.paused inactive_hours', 'crawl.resumed '])
  })

  test('waits while the disk quota is used up, says so, and goes on when there is room', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'orrery-quota-'))
    onTestFinished(() => rm(dataDir, { recursive: true }))
    await mkdir(join(dataDir, 'store'))
    await writeFile(join(dataDir, 'store', 'shard'), Buffer.alloc(2000))
    const pace = leapingClock()
    const telemetry = createTelemetry()
    const told: unknown[] = []
    telemetry.listen(({ name, fields }) => void told.push([name, fields]))
    const gate = openGate({ settings: { disk_quota_bytes: 1500 }, pace, dataDir, uplink: createUplink(pace), telemetry })
    expect(await gate.ask(0)).toEqual({ waitMs: 5000, reason: 'disk_quota' })
    await writeFile(join(dataDir, 'store', 'shard'), Buffer.alloc(1000))
    pace.leap(5000)
    expect(await gate.ask(0)).toEqual({ visits: Infinity })
    expect(told).toEqual([
      ['crawl.paused', { reason: 'disk_quota', used_bytes: 2000, quota_bytes: 1500 }],
      ['crawl.resumed', {}],
    ])
  })
})
