import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Claim, Target } from '#schemas/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteFrontier } from './sqlite.ts'

const leaseMs = 60_000
const address = '192.0.2.1'
const page = (url: string): Target => ({ url, kind: 'page', label: 'a', priority: 0 })
const pages = (hosts: number, each: number): Target[] => Array.from({ length: hosts * each }, (_, i) => page(`http://h${i % hosts}.example/${i}`))

test('4,000 hosts behind one address cost no more than one does, and take turns', async () => {
  const hosts = 4000
  const clock = manualClock()
  await using frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock })
  await frontier.add(pages(hosts, 2))
  const first = await frontier.claim({ limit: hosts, leaseMs })
  await Promise.all(first.map((claim) => frontier.done(claim, { outcome: 'stored', hostDelayMs: 1, address })))
  const visits = 200
  const visited = new Set<string>()
  const start = process.cpuUsage()
  for (let i = 0; i < visits; i++) {
    clock.advance(((await frontier.nextReadyAt()) ?? 0) - clock.now())
    const [claim, ...others] = await frontier.claim({ limit: 16, leaseMs })
    expect(others).toEqual([])
    visited.add(new URL(claim?.url ?? '').host)
    await frontier.done(claim as Claim, { outcome: 'stored', hostDelayMs: 1000, address })
  }
  const { user, system } = process.cpuUsage(start)
  expect(visited.size).toBe(visits)
  // Some 0.3 ms each; where each host counts, it is a hundred times as much.
  expect((user + system) / visits).toBeLessThan(10_000)
})

test('an address that was lent when its crawler was killed comes free with the lease, and rests as it was told before', async () => {
  const clock = manualClock()
  const path = join(await temporaryFolder(), 'frontier.sqlite')
  {
    await using frontier = sqliteFrontier(path, { clock })
    await frontier.add(pages(2, 3))
    for (const claim of await frontier.claim({ limit: 2, leaseMs })) await frontier.done(claim, { outcome: 'stored', hostDelayMs: 500, address })
    clock.advance(500)
    expect(await frontier.claim({ limit: 9, leaseMs })).toMatchObject([{ address }])
  }
  await using frontier = sqliteFrontier(path, { clock })
  expect(await frontier.claim({ limit: 9, leaseMs })).toEqual([])
  expect(await frontier.nextReadyAt()).toBe(clock.now() + leaseMs)
  clock.advance(leaseMs)
  const [claim] = (await frontier.claim({ limit: 9, leaseMs })) as [Claim]
  await frontier.done(claim, { outcome: 'stored', hostDelayMs: 700, address })
  expect(await frontier.nextReadyAt()).toBe(clock.now() + 700)
})

test('a page and what it loads of other hosts at its address are asked for one at a time, within its claim', async () => {
  const clock = manualClock()
  await using frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock })
  await frontier.add([page('http://a.example/')])
  const [claim] = (await frontier.claim({ limit: 1, leaseMs })) as [Claim]
  expect(await frontier.locate(claim, address)).toBe(true)
  const take = (url: string) => frontier.takeTurn({ url, page: claim.url, latest: clock.now() + 1000, leaseMs: 1000, address })
  const turn = await take('http://static.example/app.js')
  expect(turn).toMatchObject({ isWithin: true, startsAt: clock.now() })
  expect(await take('http://a.example/data')).toBe(clock.now())
  if (typeof turn === 'number') throw new Error('no turn')
  await frontier.endTurn(turn, { hostDelayMs: 300, address })
  expect(await take('http://a.example/data')).toMatchObject({ isWithin: true, startsAt: clock.now() + 300 })
  // One that nobody ends is over by itself.
  clock.advance(1300)
  expect(await take('http://a.example/more')).toMatchObject({ isWithin: true, startsAt: clock.now() })
})
