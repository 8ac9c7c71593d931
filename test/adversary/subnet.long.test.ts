import { describe, expect, test } from 'vitest'
import { grindingDraws } from '#scraper/validator/doubt.ts'
import { proof } from '#scraper/validator/scoring/constants.ts'
import { openArena, type Player } from './arena/arena.ts'
import { cheats } from './arena/cheats/cheats.ts'
import { restamping } from './arena/cheats/dates.ts'
import { answeringPlayers, demandCheats } from './arena/cheats/on-demand.ts'
import { honestPlayers } from './arena/honest.ts'
import { outOfBounds, overpaid, rewardTable, shares } from './arena/reward-table.ts'
import { unlucky } from './arena/unlucky.ts'
import { article } from './arena/web.ts'

/** Minutes of work, on a machine that may have other work. */
const timeout = 3_600_000

describe('a subnet', { timeout }, () => {
  test('of ten cycles pays no cheat a twentieth of an honest miner, no cluster more than one, and the unlucky nearly all', async () => {
    // While nobody has proved himself yet, all are paid by the same part: so the honest are there before.
    await using arena = await openArena([...honestPlayers(5), ...unlucky, ...cheats], { before: 8 })
    for (let n = 0; n < 10; n++) await arena.cycle()
    const paid = shares(arena)
    console.log(rewardTable(paid))
    expect(arena.troubles).toEqual([])
    expect(outOfBounds(paid)).toEqual([])
    expect(overpaid(paid)).toEqual([])
  })

  test('with jobs on demand pays nobody who answers nothing, or what is not there', async () => {
    await using arena = await openArena([...answeringPlayers(6), ...demandCheats])
    for (let n = 0; n < 8; n++) await arena.cycle()
    const paid = shares(arena)
    console.log(rewardTable(paid))
    expect(arena.troubles).toEqual([])
    // Which answers are looked at is drawn anew in each run.
    const [honest, others] = [paid.filter(({ of }) => of === 'honest'), paid.filter(({ of }) => of !== 'honest')]
    expect(honest.filter(({ last }) => last < 0.5)).toEqual([])
    expect(outOfBounds(others)).toEqual([])
  })

  test('of a hundred cycles pays whoever passes as much in the last as in any', async () => {
    const players = [...honestPlayers(3), ...unlucky.filter(({ name }) => /changed|network/.test(name))]
    await using arena = await openArena(players)
    for (let n = 0; n < 100; n++) await arena.cycle()
    expect(arena.troubles).toEqual([])
    const failed = arena.reports.flatMap(({ miners }) => miners.filter(({ passed }) => !passed))
    expect(failed).toEqual([])
    // All grow alike: to fall is to be paid less than one's part.
    for (const { incentives } of arena.rewards)
      for (const [n, incentive] of incentives.entries()) {
        const all = arena.rewards.reduce((sum, other) => sum + (other.incentives[n] ?? 0), 0)
        expect((incentive * players.length) / all).toBeGreaterThan(0.9)
      }
  })

  test('of a month pays pages without a date by when they were seen first, however often they are stamped anew', async () => {
    const once: Player = {
      name: 'honest, without dates',
      of: 'honest',
      async play(cycle, seat) {
        if (cycle === 0) await seat.mine(seat.read('news', 44, (n) => article(n, null)))
      },
    }
    // Two thirds of a day: weights are not to be older than the chain's cutoff of 5,000 blocks.
    await using arena = await openArena([once, restamping], { cycleBlocks: 4800 })
    for (let n = 0; n < 42; n++) await arena.cycle()
    expect(arena.troubles).toEqual([])
    const [, restamped] = shares(arena)
    expect(restamped?.last).toBeLessThanOrEqual(1.05)
  })
})

test('a tenth of the rows fabricated shows too little of itself in one of a million tries', () => {
  const tries = grindingDraws({ looks: proof.looks, fabricated: 0.1 })
  console.log(`10 % fabricated rows pass ${proof.looks} looks once in ${Math.round(tries.even)} tries, tiny ones in ${Math.round(tries.tiny)}`)
  expect(tries.tiny).toBeGreaterThan(1e6)
})
