import { fileURLToPath } from 'node:url'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { spawnLines, type ChildLines } from './child-lines.ts'
import { lastingPort } from './lasting-port.ts'

const serveBridge = fileURLToPath(new URL('serve-bridge.ts', import.meta.url))

export interface KilledTraining {
  seed: number
  kills: number
  steps: number
  settings: { rows: number; sequence_tokens: number; epoch_batches: number }
  /** Starts the trainer; it writes a line of JSON with its `step` for each. */
  start(place: { origin: string; folder: string }): ChildLines
}

/** Trains to the end while trainer, bridge or both are killed after so many steps; then `look` sees what was left behind. */
export async function trainThroughKills<Found>(
  { seed, kills, steps, settings, start }: KilledTraining,
  look: (left: { house: BridgeHouse; folder: string }) => Promise<Found>,
): Promise<Found> {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path, settings)
  await furnish(folder.path, house, tokenDataset({ strata: { web: [9000], docs: [9000], license: [5000] } }))
  const random = seededRandom(seed)
  const serve = (port: number): ChildLines => spawnLines(process.execPath, [serveBridge, folder.path, String(port), JSON.stringify({ ...settings, passes: 0 })])
  await using stack = new AsyncDisposableStack()
  const port = await lastingPort()
  let bridge = serve(port)
  stack.defer(() => bridge.kill())
  const { origin } = await bridge.line<{ origin: string }>(({ name }) => name === 'listening')
  let trainer = start({ origin, folder: folder.path })
  stack.defer(() => trainer.kill())
  let reached = 0
  for (let n = 0; n < kills; n++) {
    const at = reached + 1 + Math.floor(random() * (steps / kills))
    const { step } = await trainer.line<{ step: number }>(({ step: done }) => typeof done === 'number' && done >= Math.min(at, steps - 1))
    reached = Math.max(reached, step)
    const which = n % 3
    if (which !== 1) {
      await trainer.kill()
      trainer = start({ origin, folder: folder.path })
    }
    if (which === 0) continue
    await bridge.kill()
    bridge = serve(port)
  }
  if ((await trainer.exited) !== 0) throw new Error('The trainer failed.')
  return await look({ house, folder: folder.path })
}

export { goldenDataset }
