import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Claim, Target } from '#schemas/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteFrontier } from './sqlite.ts'

const [hourMs, dayMs] = [3_600_000, 86_400_000]
const yearMs = 365 * dayMs
const [leaseMs, restMaxMs, revisitMaxMs] = [60_000, dayMs, 30 * dayMs]
const page = (url: string): Target => ({ url, kind: 'page', label: 'a', priority: 0 })

async function open(path?: string) {
  const clock = manualClock()
  const file = path ?? join(await temporaryFolder(), 'frontier.sqlite')
  const frontier = sqliteFrontier(file, { clock, restMaxMs, revisitMaxMs })
  onTestFinished(() => frontier[Symbol.asyncDispose]())
  const claimAll = () => frontier.claim({ limit: 99, leaseMs })
  const urls = async () => (await claimAll()).map(({ url }) => url)
  return { clock, file, frontier, claimAll, urls }
}

describe('a clock that was a year ahead', () => {
  test('is not believed of what was lent, rests or waits then', async () => {
    const { clock, file, frontier, claimAll } = await open()
    await frontier.add(['lost', 'held', 'gone', 'soon', 'late', 'put-off', 'shared'].map((name) => page(`http://${name}.example/`)))
    clock.advance(yearMs)
    const [claims, now] = [await claimAll(), clock.now()]
    const of = (name: string) => claims.find(({ url }) => url === `http://${name}.example/`) as Claim
    const address = '192.0.2.1'
    await frontier.defer(of('held'), { reason: 'http_503', until: now + hourMs, isTry: true, holdHost: true })
    await frontier.done(of('gone'), { outcome: 'failed', reason: 'http_404', hostDelayMs: 0 })
    await frontier.done(of('soon'), { outcome: 'stored', hostDelayMs: 0, revisitAt: now + hourMs })
    await frontier.done(of('late'), { outcome: 'stored', hostDelayMs: 0, revisitAt: now + yearMs })
    await frontier.defer(of('put-off'), { reason: 'timeout', until: now + hourMs, holdHost: false })
    await frontier.done(of('shared'), { outcome: 'stored', hostDelayMs: 5000, address, revisitAt: now + hourMs })
    clock.advance(-yearMs)
    // Another process, with a clock that was never wrong.
    const other = await open(file)
    const claimedAfter = async (byMs: number) => {
      other.clock.advance(byMs)
      const ready = await other.claimAll()
      for (const claim of ready) await other.frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
      return ready.map(({ url }) => url.replace(/^http:\/\/(.*)\.example\/$/, '$1')).toSorted()
    }
    expect(await claimedAfter(0)).toEqual([])
    expect(await claimedAfter(leaseMs)).toEqual(['lost'])
    expect(await claimedAfter(hourMs - leaseMs)).toEqual(['soon'])
    expect(await claimedAfter(restMaxMs - hourMs)).toEqual(['held', 'put-off', 'shared'])
    expect(await claimedAfter(revisitMaxMs - restMaxMs)).toEqual(['late'])
  })

  test('is not believed of a host that was free then, when its next visit ends', async () => {
    const { clock, frontier, urls } = await open()
    await frontier.add([1, 2, 3].map((n) => ({ ...page(`http://h.example/${n}`), depth: n })))
    clock.advance(yearMs)
    await frontier.done((await frontier.claim({ limit: 1, leaseMs }))[0] as Claim, { outcome: 'stored', hostDelayMs: 1000 })
    clock.advance(1000)
    await frontier.nextReadyAt()
    clock.advance(-yearMs)
    await frontier.done((await frontier.claim({ limit: 1, leaseMs }))[0] as Claim, { outcome: 'stored', hostDelayMs: 1000 })
    clock.advance(1000)
    expect(await urls()).toEqual(['http://h.example/3'])
  })

  test('does not make the changes of a page old news', async () => {
    const { clock, frontier, urls } = await open()
    const [once, again] = [page('http://once.example/'), page('http://again.example/')]
    await frontier.add([once, again])
    clock.advance(yearMs)
    for (const claim of await frontier.claim({ limit: 9, leaseMs })) {
      await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0, ...(claim.url === again.url && { revisitAt: clock.now() + dayMs }) })
    }
    // What a list said then is as wrong.
    await frontier.add([once, again].map((target) => ({ ...target, modifiedAt: clock.now() - 1 })))
    clock.advance(-yearMs)
    expect(await urls()).toEqual([])
    clock.advance(1000)
    await frontier.add([once, again].map((target) => ({ ...target, modifiedAt: clock.now() - 1 })))
    const claims = await frontier.claim({ limit: 9, leaseMs })
    expect(claims.map(({ url, modifiedAt }) => [url, modifiedAt === undefined || modifiedAt <= clock.now()]).toSorted()).toEqual([
      [again.url, true],
      [once.url, true],
    ])
    for (const claim of claims) await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
    await frontier.add([once, again].map((target) => ({ ...target, modifiedAt: clock.now() - 1 })))
    expect(await urls()).toEqual([])
  })

  test('is not believed of turns', async () => {
    const { clock, frontier, urls } = await open()
    const turn = { url: 'http://h.example/app.js', page: 'http://page.example/', leaseMs }
    await frontier.add([page('http://h.example/')])
    clock.advance(yearMs)
    await frontier.takeTurn({ ...turn, latest: clock.now() })
    clock.advance(-yearMs)
    expect(await urls()).toEqual([])
    expect(await frontier.nextReadyAt()).toBe(clock.now() + leaseMs)
    clock.advance(leaseMs)
    expect(await frontier.takeTurn({ ...turn, latest: clock.now() })).toMatchObject({ startsAt: clock.now() })
  })
})

const jumps = fc.constantFrom(1000, leaseMs, hourMs, -1000, -hourMs, yearMs, -yearMs, 3 * yearMs)
const step = fc.oneof(
  fc.record({ do: fc.constant('jump' as const), byMs: jumps }),
  fc.record({ do: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('turn' as const), host: fc.nat(3) }),
  fc.record({
    do: fc.constant('done' as const),
    restMs: fc.constantFrom(0, 1000, restMaxMs),
    revisitMs: fc.constantFrom(0, hourMs, revisitMaxMs),
    address: fc.boolean(),
  }),
  fc.record({ do: fc.constant('defer' as const), restMs: fc.constantFrom(0, 1000, restMaxMs), holdHost: fc.boolean(), isTry: fc.boolean() }),
)

test('however a clock jumps about, whatever waits is claimed within the longest time from one visit to the next', async () => {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
    const { clock, frontier } = await open()
    const all = Array.from({ length: 8 }, (_, i) => page(`http://h${i % 4}.example/${i}`))
    await frontier.add(all)
    const held: Claim[] = []
    for (const each of steps) {
      if (each.do === 'jump') clock.advance(each.byMs)
      else if (each.do === 'claim') held.push(...(await frontier.claim({ limit: each.limit, leaseMs })))
      else if (each.do === 'turn') await frontier.takeTurn({ url: `http://h${each.host}.example/x`, page: 'http://p.example/', latest: clock.now(), leaseMs })
      else {
        const claim = held.shift()
        const until = clock.now() + each.restMs
        const address = 'address' in each && each.address ? '192.0.2.1' : undefined
        if (!claim) continue
        await (
          each.do === 'done'
            ? frontier.done(claim, { outcome: 'stored', hostDelayMs: each.restMs, revisitAt: clock.now() + each.revisitMs, address })
            : frontier.defer(claim, { reason: 'x', until, holdHost: each.holdHost, isTry: each.isTry })
        ).catch(() => undefined)
      }
    }
    const [start, visited] = [clock.now(), new Set<string>()]
    for (let at: number | undefined = start; at !== undefined; at = await frontier.nextReadyAt()) {
      expect(at).toBeGreaterThanOrEqual(clock.now())
      expect(at - start).toBeLessThanOrEqual(revisitMaxMs + 8 * restMaxMs)
      clock.advance(at - clock.now())
      for (const claim of await frontier.claim({ limit: 99, leaseMs })) {
        visited.add(claim.url)
        await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
      }
      // A lease that runs out is no waiting target's time.
      if ((await frontier.stats()).labels.get('a')?.leased) clock.advance(leaseMs)
    }
    expect(visited.size).toBe(all.length)
  })
  await fc.assert(property, { numRuns: 100, seed: 11 })
}, 60_000)
