import { listen } from '#infra/net/server.ts'
import { lineage } from '#schemas/lineage.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { openBridge, type Bridge } from '../service.ts'
import { trainNode, type NodeReport, type TrainingNode } from './train.ts'

const never = new AbortController().signal
export const batches = 12

export interface Scene extends AsyncDisposable {
  house: BridgeHouse
  bridge: Bridge
  origin: string
  port: number
  leaving: AbortController
  /** Runs a node on this fetch until `leaving` is aborted. */
  train(fetch: typeof globalThis.fetch, more?: Partial<TrainingNode>): Promise<NodeReport>
  states(): Promise<Record<string, number>>
}

/** A listening feed with an open epoch of 12 batches. */
export async function scene(lease_seconds = 180): Promise<Scene> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const house = stack.use(bridgeHouse(folder.path, { epoch_batches: batches, lease_seconds }))
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900], docs: [900] } }))
  const bridge = stack.use(await openBridge(house))
  await bridge.advance(never)
  const { origin, port } = await listen(bridge.app, { host: '127.0.0.1', port: 0, setting: 'bridge.port' })
  const leaving = new AbortController()
  const planId = (await house.catalog.head(lineage.plan(goldenDataset)))?.sha256 ?? ''
  return {
    house,
    bridge,
    origin,
    port,
    leaving,
    train: (fetch, more) => trainNode({ origin, node: 'n', fetch, pace: house.pace, telemetry: house.telemetry, signal: leaving.signal, ...more }),
    states: async () => (await house.ledger.progress(planId, 0)).states,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** `fetch`, with something done before each request of a path that matches. */
export const before =
  (pattern: RegExp, act: (path: string) => unknown): typeof globalThis.fetch =>
  async (input, init) => {
    const { pathname } = new URL(String(input))
    if (pattern.test(pathname)) await act(pathname)
    return globalThis.fetch(input, init)
  }

export const isBlock = /\/batches\/\d+$/
