import { describe, expect, test } from 'vitest'
import type { HttpFailureReason } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import { manualClock } from '#test/manual-clock.ts'
import { createUplink } from './uplink.ts'

/** An uplink over hosts that answer, or fail for a reason; what is virtual ends with `.localhost`. */
function watched() {
  const pace = manualClock()
  const failures = new Map<string, HttpFailureReason>()
  const network: Pick<Http, 'get' | 'isVirtual'> = {
    isVirtual: (hostname) => hostname.endsWith('.localhost'),
    async get(url) {
      const reason = failures.get(new URL(url).hostname)
      if (reason) return { ok: false, url, reason, detail: '', address: undefined, wireBytes: 0 }
      const timings = { connectMs: undefined, firstByteMs: 1, totalMs: 1 }
      return { ok: true, url, status: 200, headers: {}, body: new Uint8Array(), wireBytes: 0, truncated: false, address: '192.0.2.1', timings }
    },
  }
  const uplink = createUplink(pace)
  const { get } = uplink.watch(network as Http)
  const ask = async (...hosts: string[]) => {
    const reasons: string[] = []
    for (const host of hosts) {
      const answer = await get(`http://${host}/`)
      reasons.push(answer.ok ? 'ok' : answer.reason)
    }
    return reasons
  }
  const fail = (reason: HttpFailureReason, ...hosts: string[]) => hosts.forEach((host) => failures.set(host, reason))
  return { uplink, pace, ask, fail, mend: () => failures.clear() }
}

const hosts = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `h${from + n}.example`)

describe('the uplink is down', () => {
  test('when hosts that had answered fail one after the other, and up again with the first answer', async () => {
    const { uplink, ask, fail, mend } = watched()
    await ask(...hosts(0, 10))
    fail('dns_failed', ...hosts(0, 10))
    expect(await ask(...hosts(0, 6))).toEqual(['dns_failed', 'dns_failed', 'dns_failed', 'offline', 'offline', 'offline'])
    expect(uplink.isDown()).toBe(true)
    mend()
    expect(await ask('h9.example')).toEqual(['ok'])
    expect(uplink.isDown()).toBe(false)
  })

  test.each(['dns_failed', 'connection_failed', 'connect_timeout', 'headers_timeout', 'timeout'] as const)('whatever the way it shows: %s', async (reason) => {
    const { uplink, ask, fail } = watched()
    await ask(...hosts(0, 4))
    fail(reason, ...hosts(0, 4))
    await ask(...hosts(0, 4))
    expect(uplink.isDown()).toBe(true)
  })

  test('when nobody has answered since the start', async () => {
    const { uplink, ask, fail } = watched()
    fail('dns_failed', ...hosts(0, 20))
    await ask(...hosts(0, 20))
    expect(uplink.isDown()).toBe(true)
  })
})

describe('it is the hosts', () => {
  test('when there are few of them, or one fails again and again', async () => {
    const { uplink, ask, fail } = watched()
    await ask(...hosts(0, 3))
    fail('timeout', ...hosts(0, 3))
    for (let again = 0; again < 10; again++) await ask(...hosts(0, 3))
    expect(uplink.isDown()).toBe(false)
  })

  test('when those fail that never answered, however many in a row', async () => {
    const { uplink, ask, fail } = watched()
    fail('timeout', ...hosts(100, 200))
    await ask(...hosts(0, 10), ...hosts(100, 200), ...hosts(100, 200))
    expect(uplink.isDown()).toBe(false)
  })

  test('when others answer in between', async () => {
    const { uplink, ask, fail } = watched()
    await ask(...hosts(0, 50))
    fail('timeout', ...hosts(0, 25))
    for (let n = 0; n < 25; n++) await ask(`h${n}.example`, `h${25 + n}.example`)
    expect(uplink.isDown()).toBe(false)
  })

  test('when none of a few seeds ever answers', async () => {
    const { uplink, ask, fail } = watched()
    fail('connection_failed', ...hosts(0, 10))
    for (let again = 0; again < 3; again++) await ask(...hosts(0, 10))
    expect(uplink.isDown()).toBe(false)
  })

  test('when they answer with an error, of HTTP or of TLS', async () => {
    const { uplink, ask, fail } = watched()
    await ask(...hosts(0, 10))
    fail('tls_expired', ...hosts(0, 10))
    await ask(...hosts(0, 10))
    expect(uplink.isDown()).toBe(false)
  })
})

test('hosts of this process say nothing of the network', async () => {
  const { uplink, ask, fail } = watched()
  const own = hosts(0, 9).map((host) => host.replace('example', 'localhost'))
  await ask(...own)
  fail('connection_failed', ...own)
  expect(await ask(...own)).toEqual(Array<string>(9).fill('connection_failed'))
  expect(uplink.isDown()).toBe(false)
})

test('probes begin at growing pauses, a minute at most, and are not kept waiting by a clock that was ahead', async () => {
  const { uplink, pace, ask, fail } = watched()
  await ask(...hosts(0, 4))
  fail('dns_failed', ...hosts(0, 4))
  expect(uplink.untilProbeMs()).toBeUndefined()
  await ask(...hosts(0, 4))
  const pauses: number[] = []
  for (let probe = 0; probe < 9; probe++) {
    const pauseMs = uplink.untilProbeMs() ?? 0
    pauses.push(pauseMs)
    pace.advance(pauseMs)
    expect(uplink.untilProbeMs()).toBe(0)
    uplink.probed()
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  pace.advance(-365 * 86_400_000)
  expect(uplink.untilProbeMs()).toBe(60_000)
})
