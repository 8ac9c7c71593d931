import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import type { Config } from '#infra/config/schema.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { sqliteLedger } from '#infra/ledger/sqlite.ts'
import { folderStore } from '#infra/store/folder.ts'
import { openSweep } from '#infra/sweep/sweep.ts'
import { createTelemetry, type TelemetryEvent, type TelemetryHub } from '#infra/telemetry/telemetry.ts'
import type { Clock } from '#schemas/clock.ts'
import { jobId, type DesirabilityJob } from '#schemas/desirability.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import type { BridgeParts } from '#trainer-bridge/service.ts'
import { putTokens, type TokenDataset } from './tokens.ts'

export const goldenDataset = 'golden'

/** A folder of its own under the system's temporary one, gone afterwards. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'orrery-bridge-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export interface BridgeHouse extends BridgeParts, AsyncDisposable {
  telemetry: TelemetryHub
  events: TelemetryEvent[]
}

/** All that a bridge needs, on real embedded backends in a folder that processes may share. */
export function bridgeHouse(folder: string, settings: Partial<Config['bridge']> = {}, pace: Clock = systemClock()): BridgeHouse {
  const stack = new AsyncDisposableStack()
  const store = folderStore(join(folder, 'store'))
  const telemetry = createTelemetry()
  const events: TelemetryEvent[] = []
  telemetry.listen((event) => events.push(event))
  return {
    settings: { host: '127.0.0.1', port: 0, rows: 2, sequence_tokens: 32, epoch_batches: 1000, passes: 1, lease_seconds: 180, ...settings },
    datasetName: goldenDataset,
    seed: 7,
    store,
    sweep: stack.use(openSweep({ store, path: join(folder, 'sweep.sqlite'), clock: pace })),
    catalog: stack.use(sqliteCatalog(join(folder, 'catalog.sqlite'), { clock: pace })),
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
  return { id: jobId(params), weight, params, web: { seeds: [], include: ['http://*/*'] } }
}
