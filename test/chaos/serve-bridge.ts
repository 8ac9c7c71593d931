import { listen } from '#infra/net/server.ts'
import { openBridge } from '#trainer-bridge/service.ts'
import { bridgeHouse } from '#test/golden/bridge.ts'

/**
 * A process that serves the feed of a folder and advances its epochs until it is killed: `node serve-bridge.ts FOLDER PORT SETTINGS`.
 * Writes one JSON line when it listens and one for each event.
 */
const [folder = '', port = '0', settings = '{}'] = process.argv.slice(2)
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
const house = bridgeHouse(folder, JSON.parse(settings) as object)
house.telemetry.listen(({ name, fields }) => say({ name, ...fields }))
const bridge = await openBridge(house)
say({ name: 'listening', ...(await listen(bridge.app, { host: '127.0.0.1', port: Number(port), setting: 'bridge.port' })) })
const signal = new AbortController().signal
for (;;) {
  const { outcome } = await bridge.runEpoch(signal)
  if (outcome === 'idle') await house.pace.sleep(50)
}
