import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Target } from '#schemas/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteFrontier } from './sqlite.ts'

const leaseMs = 60_000
const hourMs = 3_600_000
const page = (url: string): Target => ({ url, kind: 'page', label: 'a', priority: 0 })

test('all that became due in a long pause is visited, though no call takes it in at once; until then something is ready now', async () => {
  const clock = manualClock()
  await using frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock })
  const visitAll = async (revisitAfterMs?: number) => {
    const visited: string[] = []
    for (let at = await frontier.nextReadyAt(); at === clock.now(); at = await frontier.nextReadyAt()) {
      const claims = await frontier.claim({ limit: 1000, leaseMs })
      const visit = { outcome: 'stored' as const, hostDelayMs: 0, ...(revisitAfterMs !== undefined && { revisitAt: clock.now() + revisitAfterMs }) }
      await Promise.all(claims.map((claim) => frontier.done(claim, visit)))
      for (const { url } of claims) visited.push(url)
    }
    return visited
  }
  // Pages that are due first, of hosts that rest when they are; pages that are due later, of hosts that do not.
  const [early, late] = ['early', 'late'].map((name) => Array.from({ length: 1100 }, (_, i) => `http://${name}-${i}.example/`)) as [string[], string[]]
  await frontier.add(early.map(page))
  expect((await visitAll(hourMs)).length).toBe(early.length)
  await frontier.add(late.map(page))
  expect((await visitAll(2 * hourMs)).length).toBe(late.length)
  await frontier.add(early.map((url) => page(`${url}new`)))
  const start = clock.now()
  const resting = await frontier.claim({ limit: 2000, leaseMs })
  await Promise.all(resting.map((claim) => frontier.done(claim, { outcome: 'stored', hostDelayMs: 20 * hourMs })))
  // So many are due before any host of theirs is free that it is said to look again when some of them are.
  expect(await frontier.nextReadyAt()).toBe(start + hourMs)
  clock.advance(10 * hourMs)
  expect((await visitAll()).toSorted()).toEqual(late.toSorted())
  expect(await frontier.nextReadyAt()).toBe(start + 20 * hourMs)
  clock.advance(10 * hourMs)
  expect((await visitAll()).toSorted()).toEqual(early.toSorted())
})

test('hosts whose rests and leases ended in a long pause all come free', async () => {
  const clock = manualClock()
  await using frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock })
  const urls = Array.from({ length: 1500 }, (_, i) => `http://h${i}.example/`)
  await frontier.add(urls.map(page))
  const claims = await frontier.claim({ limit: 1500, leaseMs })
  const trouble = { reason: 'timeout', until: clock.now() + 1000, isTry: true, holdHost: true }
  await Promise.all(claims.slice(0, 700).map((claim) => frontier.defer(claim, trouble)))
  clock.advance(hourMs)
  const attempts: number[] = []
  for (let at = await frontier.nextReadyAt(); at === clock.now(); at = await frontier.nextReadyAt()) {
    for (const claim of await frontier.claim({ limit: 1500, leaseMs })) attempts.push(claim.attempt)
  }
  expect(attempts).toEqual(urls.map(() => 2))
})
