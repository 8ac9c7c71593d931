import { shardWorld } from '#test/golden/shards.ts'
import { trainingTurn } from './training.ts'

/** Turns of a small wheel over a folder, until it is killed, or so many. Arguments: folder, turns. */
const [dir = '', turns = ''] = process.argv.slice(2)
await using world = await shardWorld({ dir })
process.send?.({ ready: true })
for (let turn = 0; turn < Number(turns); turn++) {
  await trainingTurn(world, (fact) => void process.send?.(fact))
  process.send?.({ turned: true })
}
process.disconnect?.()
