import { describe, expect, test } from 'vitest'
import { hostTurnsSuite } from '#test/conformance/host-turns.ts'
import { manualClock } from '#test/manual-clock.ts'
import { memoryTurns } from './memory-turns.ts'

describe('turns in memory', () => {
  hostTurnsSuite(async (clock) => memoryTurns(clock))

  test('are taken within the turn of their page, which goes on', async () => {
    const clock = manualClock()
    const turns = memoryTurns(clock)
    const take = (url: string, page: string) => turns.takeTurn({ url, page, latest: clock.now() + 1000, leaseMs: 1000 })
    const page = 'http://h.example/'
    const own = await take(page, page)
    const within = await take('http://h.example/app.js', page)
    expect([own, within]).toMatchObject([{ isWithin: false }, { isWithin: true }])
    await turns.endTurn({ url: page, page, isWithin: true }, { hostDelayMs: 100 })
    expect(await take('http://h.example/', 'http://other.example/')).toBe(clock.now())
    expect(await take('http://h.example/data', page)).toMatchObject({ startsAt: clock.now() + 100, isWithin: true })
  })
})
