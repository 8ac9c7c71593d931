import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { Config } from '#infra/config/schema.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { sqliteApiKeys } from '#infra/api-keys/sqlite.ts'
import { localChain } from '#infra/chain/local.ts'
import { ensureWallet } from '#infra/chain/wallet.ts'
import { threadedChecks } from '#infra/signed-http/checks.ts'
import { sqliteConsumers } from '#infra/consumers/sqlite.ts'
import { sqliteNodes } from '#infra/nodes/sqlite.ts'
import { sqliteLedger } from '#infra/ledger/sqlite.ts'
import { openEncoders } from '#infra/tokenizer/encoders.ts'
import { signedPaths } from '#infra/net/signed-paths.ts'
import { folderStore } from '#infra/store/folder.ts'
import { openSweep } from '#infra/sweep/sweep.ts'
import { createTelemetry, type TelemetryEvent, type TelemetryHub } from '#infra/telemetry/telemetry.ts'
import type { Clock } from '#schemas/clock.ts'
import { jobId, type DesirabilityJob } from '#schemas/desirability.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import type { BridgeParts } from '#trainer-bridge/service.ts'
import { goldenTokenizers } from './tokenizers.ts'
import { putTokens, type TokenDataset } from './tokens.ts'

export const goldenDataset = 'golden'

export const bridgeSettings: Config['bridge'] = { ...Config.parse({}).bridge, port: 0, rows: 2, sequence_tokens: 32, epoch_batches: 1000, passes: 1 }

/** A folder of its own under the system's temporary one, gone afterwards. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'orrery-bridge-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export interface BridgeHouse extends BridgeParts, AsyncDisposable {
  dataDir: string
  telemetry: TelemetryHub
  events: TelemetryEvent[]
}

/** Who asks a bridge, on real embedded backends in a folder. */
export const trainersOf = (
  stack: AsyncDisposableStack,
  folder: string,
  pace: Clock,
): Pick<BridgeParts, 'nodes' | 'consumers' | 'access' | 'chain' | 'wallet' | 'signatureChecks'> => ({
  nodes: stack.use(sqliteNodes(join(folder, 'nodes.sqlite'), { clock: pace })),
  consumers: stack.use(sqliteConsumers(join(folder, 'consumers.sqlite'), { clock: pace })),
  access: { keys: stack.use(sqliteApiKeys(join(folder, 'keys.sqlite'), { clock: pace })) },
  chain: stack.use(localChain(join(folder, 'chain.sqlite'), { clock: pace, netuid: 13, faucet: true, loopback: true })),
  signatureChecks: stack.use(threadedChecks(join(folder, 'requests.sqlite'), pace)),
  wallet: (name) => ensureWallet(join(folder, 'wallets'), name, { seed: 7 }),
})

/** All that a bridge needs, on real embedded backends in a folder that processes may share. */
export function bridgeHouse(folder: string, settings: Partial<Config['bridge']> = {}, pace: Clock = systemClock()): BridgeHouse {
  const stack = new AsyncDisposableStack()
  const store = folderStore(join(folder, 'store'))
  const telemetry = createTelemetry()
  const events: TelemetryEvent[] = []
  telemetry.listen((event) => events.push(event))
  return {
    settings: { ...bridgeSettings, ...settings },
    dataDir: folder,
    datasetName: goldenDataset,
    seed: 7,
    store,
    sweep: stack.use(openSweep({ store, path: join(folder, 'sweep.sqlite'), clock: pace })),
    encoders: stack.use(openEncoders({ tokenizer: 'o200k_base', folder: goldenTokenizers, threads: 1 })),
    signedPaths: signedPaths(join(folder, 'bridge'), pace),
    catalog: stack.use(sqliteCatalog(join(folder, 'catalog.sqlite'), { clock: pace })),
    ...trainersOf(stack, folder, pace),
    ledger: stack.use(sqliteLedger(join(folder, 'ledger.sqlite'), { clock: pace })),
    pace,
    telemetry,
    events,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Puts the tokens and a desirability list with a job of weight 1 for each of their labels. */
export async function furnish(folder: string, { catalog }: BridgeHouse, dataset: TokenDataset): Promise<void> {
  await putTokens(folderStore(join(folder, 'store')), dataset)
  const head = await catalog.head(lineage.tokens(goldenDataset))
  await catalog.commit(lineage.tokens(goldenDataset), head?.sha256, { ...dataset.manifest, parent: head?.sha256 ?? null })
  if (await catalog.head(lineage.desirability)) return
  const jobs = [...new Set(dataset.shards.map(({ shard }) => shard.label))].map((label) => jobOf(label))
  const list: DesirabilityManifest = { kind: 'desirability', parent: null, jobs, evidence: [], caused_by: null }
  await catalog.commit(lineage.desirability, undefined, list)
}

export function jobOf(label: string, weight = 1): DesirabilityJob {
  const params = { keyword: null, platform: 'web', label, post_start_datetime: null, post_end_datetime: null } as const
  const web = { seeds: [], include: ['http://*/*'] }
  return { id: jobId(params, web), weight, params, web }
}
