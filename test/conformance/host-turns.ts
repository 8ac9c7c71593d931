import { expect, test } from 'vitest'
import type { HostTurn, HostTurns } from '#schemas/host-turns.ts'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'

const leaseMs = 60_000
const url = 'http://h.example/app.js'

/** What all turns of hosts must do. @param open fresh ones on that clock */
export function hostTurnsSuite(open: (clock: ManualClock) => Promise<HostTurns & Partial<AsyncDisposable>>): void {
  const start = async () => {
    const clock = manualClock()
    const turns = await open(clock)
    const take = (at = url, page = 'http://page.example/', waitMs = 0) => turns.takeTurn({ url: at, page, latest: clock.now() + waitMs, leaseMs })
    const taken = async (...asked: Parameters<typeof take>): Promise<HostTurn> => {
      const turn = await take(...asked)
      if (typeof turn === 'number') throw new Error(`free at ${turn}`)
      return turn
    }
    return { clock, turns, take, taken }
  }

  test('a host is asked by one at a time; another port is another host', async () => {
    const { clock, turns, take, taken } = await start()
    const first = await taken()
    expect(first).toMatchObject({ startsAt: clock.now(), isWithin: false })
    expect(await take('http://h.example/other.js', 'http://other.example/')).toBe(clock.now())
    expect(await take('http://h.example:8080/', 'http://other.example/')).toMatchObject({ isWithin: false })
    await turns.endTurn(first, { hostDelayMs: 0 })
    expect(await take('http://h.example/other.js', 'http://other.example/')).toMatchObject({ startsAt: clock.now() })
  })

  test('the next turn begins when the rest is over, if that is not too late', async () => {
    const { clock, turns, take, taken } = await start()
    await turns.endTurn(await taken(), { hostDelayMs: 1000 })
    expect(await take()).toBe(clock.now() + 1000)
    const second = await taken(url, 'http://page.example/', 1000)
    expect(second.startsAt).toBe(clock.now() + 1000)
    clock.advance(1000)
    await turns.endTurn(second, { hostDelayMs: 10, until: clock.now() + 5000 })
    expect(await take(url, 'http://page.example/', 4999)).toBe(clock.now() + 5000)
    expect(await take(url, 'http://page.example/', 5000)).toMatchObject({ startsAt: clock.now() + 5000 })
  })

  test('a host that rests no more is not refused because the question took its time', async () => {
    const { clock, turns, take, taken } = await start()
    await turns.endTurn(await taken(), { hostDelayMs: 10 })
    expect(await take(url, 'http://page.example/', -1)).toBe(clock.now() + 10)
    clock.advance(10)
    expect(await take(url, 'http://page.example/', -1)).toMatchObject({ startsAt: clock.now() })
  })

  test('a turn that nobody ended is over after its lease, and its late end leaves its rest', async () => {
    const { clock, turns, take, taken } = await start()
    const lost = await taken()
    clock.advance(leaseMs - 1)
    expect(await take(url, 'http://other.example/')).toBe(clock.now())
    clock.advance(1)
    const next = await taken(url, 'http://other.example/')
    await turns.endTurn(lost, { hostDelayMs: 3000 })
    expect(await take(url, 'http://third.example/')).toBe(clock.now())
    await turns.endTurn(next, { hostDelayMs: 0 })
    expect(await take()).toBe(clock.now() + 3000)
  })

  test('hosts at one address are asked by one at a time, and rest together', async () => {
    const { clock, turns, take, taken } = await start()
    const address = '192.0.2.1'
    await turns.endTurn(await taken('http://a.example/'), { hostDelayMs: 0, address })
    await turns.endTurn(await taken('http://b.example/'), { hostDelayMs: 500, address })
    expect(await take('http://a.example/')).toBe(clock.now() + 500)
    clock.advance(500)
    const turn = await taken('http://a.example/')
    expect(await take('http://b.example/', 'http://other.example/')).toBe(clock.now())
    clock.advance(200)
    await turns.endTurn(turn, { hostDelayMs: 300, address })
    expect(await take('http://b.example/')).toBe(clock.now() + 300)
  })
}
