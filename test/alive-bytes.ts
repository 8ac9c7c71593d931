import { setTimeout } from 'node:timers/promises'
import v8 from 'node:v8'
import vm from 'node:vm'

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

/** What a reading may differ by from the one before it and still be the same. */
const noiseBytes = 64 * 1024
/** So many readings in a row that find nothing less end it. */
const calmReadings = 2
const pauseMs = 5

/**
 * Bytes that are alive, in the heap and in buffers, once nothing more goes: the memory of buffers that were collected is given back, and code that was compiled
 * aside is counted, by threads that a busy machine lets wait.
 */
export async function aliveBytes(): Promise<number> {
  let least = Infinity
  for (let calm = 0; calm < calmReadings; calm++) {
    collect()
    await setTimeout(pauseMs)
    const { heapUsed, external } = process.memoryUsage()
    const bytes = heapUsed + external
    if (bytes < least - noiseBytes) calm = -1
    least = Math.min(least, bytes)
  }
  return least
}
