import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteApiKeys } from '#infra/api-keys/sqlite.ts'
import { developmentKey } from '#infra/chain/key-file.ts'
import { localChain } from '#infra/chain/local.ts'
import { systemClock } from '#infra/clock.ts'
import { listen } from '#infra/net/server.ts'
import { sqliteOnDemandJobs } from '#infra/on-demand/sqlite.ts'
import { signatureChecks } from '#infra/signed-http/checks.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { folderStore } from '../folder.ts'
import { accessServer } from './server.ts'
import { sqliteUsage } from './usage.ts'

/** The service on the backends of a folder, until it is killed; says where it is. */
const folder = process.argv[2] ?? ''
const clock = systemClock()
const at = (name: string): string => join(folder, name)
const app = await accessServer({
  store: folderStore(at('store'), { clock, origin: 'http://127.0.0.1' }),
  chain: localChain(at('chain.sqlite'), { clock, netuid: 13, blockMs: 1000, tempoBlocks: 20, faucet: true, seed: 'access' }),
  onDemand: sqliteOnDemandJobs(at('on-demand.sqlite'), { clock }),
  usage: sqliteUsage(at('usage.sqlite'), { clock }),
  signatureChecks: signatureChecks(at('requests.sqlite')),
  access: { keys: sqliteApiKeys(at('keys.sqlite'), { clock }), requireKey: 'always', host: '127.0.0.1', corsOrigins: [] },
  wallet: async () => ({ signer: developmentKey('access').signer }),
  accessFolder: at('access'),
  telemetry: createTelemetry(),
  pace: clock,
  settings: { stake_min: 1000, bytes_per_day: 2 ** 30 },
})
const { origin } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'test.port' })
writeSync(1, `${JSON.stringify({ origin })}\n`)
