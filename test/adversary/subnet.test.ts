import { expect, test } from 'vitest'
import { openArena, type Player } from './arena/arena.ts'
import { cheats } from './arena/cheats/cheats.ts'
import { honestPlayers } from './arena/honest.ts'
import { outOfBounds, rewardTable, shares } from './arena/reward-table.ts'
import { unlucky } from './arena/unlucky.ts'

/** Of the cheats that one place tells of, the first; all are in subnet.long.test.ts. */
const firstOfEach = [...Map.groupBy(ofThreeCycles(cheats), ({ of }) => of).values()].flatMap(([first]) => first ?? [])

test('three cycles of a subnet: no cheat pays that more than chance tells of, and bad luck costs little', async () => {
  expect(firstOfEach.length).toBeGreaterThanOrEqual(25)
  await using arena = await openArena([...honestPlayers(2), ...ofThreeCycles(unlucky), ...firstOfEach], { samplePages: 10 })
  for (let n = 0; n < 3; n++) await arena.cycle()
  const paid = shares(arena)
  console.log(rewardTable(paid))
  expect(arena.troubles).toEqual([])
  expect(outOfBounds(paid)).toEqual([])
})

function ofThreeCycles(players: readonly Player[]): Player[] {
  return players.filter(({ byCycle = 3 }) => byCycle <= 3)
}
