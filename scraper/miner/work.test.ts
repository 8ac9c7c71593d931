import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import type { Claim, Target } from '#schemas/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { leapingClock } from './bench.fixture.ts'
import { runVisits } from './run-visits.ts'
import { cycleWork } from './work.ts'

/** Pages of one host. */
const pagesOf = (host: string, label: string, count: number): Target[] =>
  Array.from({ length: count }, (_, i) => ({ url: `http://${host}/${i}`, kind: 'page', label, priority: 1 }))

interface Setting {
  targets: Record<string, number>
  limits?: Record<string, number>
  concurrency?: number
  inRounds?: boolean
  /** Of each visit. */
  visitMs?: number
  /** By host, ms. */
  rests: Record<string, number>
}

/** One cycle over a frontier with these pages, by a clock that does not wait; each visit is over at once. */
async function cycle(found: readonly Target[], { targets, limits = {}, concurrency = 4, inRounds = false, visitMs = 0, rests }: Setting) {
  const clock = leapingClock()
  await using frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock })
  await frontier.add(found)
  const [startedAt, visited, most] = [clock.now(), [] as Claim[], { held: 0 }]
  let leastMs = Infinity
  const work = cycleWork({
    frontier,
    targets: new Map(Object.entries(targets)),
    limits: new Map(Object.entries(limits)),
    pace: clock,
    concurrency,
    leaseMs: 60_000,
    inRounds,
    gate: { ask: async () => ({ visits: Infinity }), began: () => undefined, watch: (http) => http },
    onClaims: async (held) => void (most.held = Math.max(most.held, held.length)),
    onStats: () => undefined,
    onWait: () => undefined,
    signal: new AbortController().signal,
  })
  const visit = async (claim: Claim): Promise<void> => {
    visited.push(claim)
    leastMs = Math.min(leastMs, claim.expiresAt - clock.now())
    if (visitMs > 0) await clock.sleep(visitMs)
    await frontier.done(claim, { outcome: 'stored', hostDelayMs: rests[new URL(claim.url).host] ?? 0 })
  }
  await runVisits({ work, visit, concurrency })
  const of = (label: string) => visited.filter((claim) => claim.label === label).length
  return { of, seconds: (clock.now() - startedAt) / 1000, visited, leastMs }
}

test('a host that rests long holds up no page of another label', async () => {
  const found = [...pagesOf('slow.example', 'slow', 100), ...Array.from({ length: 8 }, (_, h) => pagesOf(`h${h}.example`, 'quick', 100)).flat()]
  const { of, seconds } = await cycle(found, { targets: { slow: 50, quick: 50 }, rests: { 'slow.example': 3000 } })
  expect(of('slow') + of('quick')).toBe(100)
  // Fifty of the slow host's alone would take 150.
  expect(seconds).toBeLessThan(15)
  expect(of('slow')).toBeGreaterThanOrEqual(1)
})

test('where both can, each label has its share', async () => {
  const found = ['a', 'b'].flatMap((label) => Array.from({ length: 8 }, (_, h) => pagesOf(`${label}${h}.example`, label, 100)).flat())
  const { of } = await cycle(found, { targets: { a: 75, b: 25 }, rests: {} })
  expect([of('a'), of('b')]).toEqual([75, 25])
})

test('what a label is not there for goes to the others, but never beyond their limits', async () => {
  const found = ['a', 'b'].flatMap((label) => pagesOf(`${label}.example`, label, 100))
  const { of } = await cycle(found, { targets: { a: 10, b: 10, none: 80 }, limits: { a: 15 }, rests: {} })
  expect([of('a'), of('b'), of('none')]).toEqual([15, 85, 0])
})

test('a claim of a round outlasts the visits of all others, one after the other', async () => {
  const found = Array.from({ length: 64 }, (_, host) => pagesOf(`h${host}.example`, 'a', 2)).flat()
  const { visited, leastMs } = await cycle(found, { targets: { a: 128 }, inRounds: true, visitMs: 50_000, concurrency: 1, rests: {} })
  expect(visited.length).toBe(128)
  expect(leastMs).toBeGreaterThanOrEqual(60_000)
  for (const round of [visited.slice(0, 64), visited.slice(64)]) expect(new Set(round.map(({ url }) => new URL(url).host)).size).toBe(64)
})
