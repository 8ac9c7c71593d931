import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { coverageMs, sqliteOutcomes, threadedOutcomes, type OnDemandOutcome } from './outcomes.ts'

describe.each([
  ['sqliteOutcomes', sqliteOutcomes],
  ['threadedOutcomes', threadedOutcomes],
])('%s', (_, open) => {
  const opened = async () => {
    const path = join(await temporaryFolder(), 'on-demand.sqlite')
    const clock = manualClock()
    const outcome = (jobId: string, more: Partial<OnDemandOutcome> = {}): OnDemandOutcome => ({
      hotkey: 'a',
      jobId,
      platform: 'web',
      state: 'judged',
      passed: true,
      rows: 3,
      limit: 100,
      ms: 1500,
      createdAt: clock.now(),
      ...more,
    })
    return { path, clock, outcome, outcomes: open(path, { clock }) }
  }

  test('outcomes of a miner are given out once by a cursor, over restarts; the first of a submission counts', async () => {
    const { path, clock, outcome, outcomes } = await opened()
    const given = [outcome('1'), outcome('2', { state: 'unsampled', passed: null }), outcome('3', { passed: false })]
    await outcomes.add([...given, outcome('1', { hotkey: 'b' })])
    await outcomes.add([outcome('1', { passed: false }), outcome('4', { passed: null })])
    await outcomes[Symbol.asyncDispose]()
    await using again = open(path, { clock })
    const first = await again.since('a', 0)
    expect(first.outcomes).toEqual([...given, outcome('4', { passed: null })])
    await again.add([outcome('5')])
    expect((await again.since('a', first.cursor)).outcomes).toEqual([outcome('5')])
    expect(await again.missing('1', ['a', 'b', 'c', '__proto__'])).toEqual(['c', '__proto__'])
    clock.advance(8 * 86_400_000)
    await again.add([outcome('7')])
    const later = await again.since('a', 0)
    expect(later.outcomes).toEqual([outcome('7')])
    expect(later.cursor).toBeGreaterThan(first.cursor)
  })

  test('coverage is of the three hours before what could be done was asked for, however long ago that is', async () => {
    const { clock, outcome, outcomes } = await opened()
    await using _ = outcomes
    await outcomes.add([outcome('old')])
    clock.advance(coverageMs + 1)
    const refused = { state: 'refused', passed: null } as const
    await outcomes.add([
      outcome('1'),
      outcome('2', refused),
      outcome('3', { passed: false }),
      outcome('4', { platform: 'reddit' }),
      outcome('1', { hotkey: 'b', ...refused }),
    ])
    await outcomes.setDoable([
      { platform: 'web', total_jobs: 9, doable_jobs: 5 },
      { platform: 'x', total_jobs: 9, doable_jobs: 4 },
    ])
    const none = { platform: 'x', doable: 4, promised: 0, delivered: 0 }
    const own = [{ platform: 'web', doable: 5, promised: 3, delivered: 2 }, none]
    expect(await outcomes.coverage('a')).toEqual(own)
    expect(await outcomes.coverage('b')).toEqual([{ platform: 'web', doable: 5, promised: 1, delivered: 0 }, none])
    clock.advance(86_400_000)
    expect(await outcomes.coverage('a')).toEqual(own)
  })
})
