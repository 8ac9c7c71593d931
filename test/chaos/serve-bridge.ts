import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { threadedConsumers } from '#infra/consumers/threaded.ts'
import { limitHeapGrowth } from '#infra/heap-growth.ts'
import { threadedLedger } from '#infra/ledger/threaded.ts'
import { listen } from '#infra/net/server.ts'
import { threadedNodes } from '#infra/nodes/threaded.ts'
import { repeat } from '#infra/repeat.ts'
import { portThread } from '#infra/sqlite/port-thread.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { openBridge } from '#trainer-bridge/service.ts'
import { bridgeHouse } from '#test/golden/bridge.ts'
import { storeAway } from './bridge-process.ts'

/**
 * A process that serves the feed of a folder and advances its epochs until it is killed: `node serve-bridge.ts FOLDER PORT SETTINGS`. As the program does, it
 * keeps its databases in a thread and its heaps small (infra/backends.ts).
 * While there is a file `store-away` in it nobody reaches the store. Writes one JSON line when it listens and one for each event.
 */
const [folder = '', port = '0', settings = '{}'] = process.argv.slice(2)
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
limitHeapGrowth()
const furnished = bridgeHouse(folder, JSON.parse(settings) as object)
const shared = { clock: furnished.pace, thread: portThread(`the data folder ${folder}`, furnished.pace) }
const house = {
  ...furnished,
  ledger: threadedLedger(join(folder, 'ledger.sqlite'), shared),
  nodes: threadedNodes(join(folder, 'nodes.sqlite'), shared),
  consumers: threadedConsumers(join(folder, 'consumers.sqlite'), shared),
  store: awayWhile(join(folder, storeAway), furnished.store),
}
house.telemetry.listen(({ name, fields }) => say({ name, ...fields }))
const bridge = await openBridge(house)
say({ name: 'listening', ...(await listen(bridge.app, { host: '127.0.0.1', port: Number(port), setting: 'bridge.port' })) })
const restMs = (report: { outcome: string } | undefined): number => (report?.outcome === 'steered' ? 0 : 50)
await repeat({ ...house, work: bridge.runEpoch, restMs, failed: 'bridge.epoch_failed' }, new AbortController().signal)

/** The store, out of reach while a file of that name is there. */
function awayWhile(path: string, store: Pick<ObjectStore, 'get' | 'put'>): Pick<ObjectStore, 'get' | 'put'> {
  const reach = (): void => {
    if (existsSync(path)) throw new OrreryError('store_unavailable', 'The store does not answer; try again.')
  }
  return {
    async get(...args) {
      reach()
      return store.get(...args)
    },
    async put(...args) {
      reach()
      return store.put(...args)
    },
  }
}
