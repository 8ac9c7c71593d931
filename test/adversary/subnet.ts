import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localChain, type LocalChain, type LocalChainOptions } from '#infra/chain/local.ts'
import { ensureWallet } from '#infra/chain/wallet.ts'
import { frozenClock } from '#infra/clock.ts'
import { threadedCorpusIndex } from '#infra/corpus-index/threaded.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { portThread } from '#infra/sqlite/port-thread.ts'
import { sqliteQueue } from '#infra/queue/sqlite.ts'
import { folderStore } from '#infra/store/folder.ts'
import { createTelemetry, type TelemetryEvent } from '#infra/telemetry/telemetry.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { jobId, type DesirabilityJob } from '#schemas/desirability.ts'
import { encodeDocument, type Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Reject } from '#schemas/stage.ts'

export const factTime = Date.UTC(2026, 0, 21)
export const blockMs = 1000

/** A clock that goes on only when told. */
export interface ManualClock extends Clock {
  advance(ms: number): void
}

export function manualClock(at: number): ManualClock {
  let now = at
  return {
    now: () => now,
    advance: (ms) => void (now += ms),
    // Sleeping is what makes time pass here.
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      now += Math.max(0, ms)
    },
  }
}

/** The embedded backends of a subnet in a temporary folder, on a clock of its own. */
export interface Subnet extends AsyncDisposable {
  dir: string
  pace: ManualClock
  facts: Clock
  store: ObjectStore
  catalog: Catalog
  chain: LocalChain
  events: TelemetryEvent[]
  telemetry: ReturnType<typeof createTelemetry>
  hasContact: boolean
  rejects: Reject[]
  queue(name: string): Queue
  /** What the miner with that hotkey knows. */
  index(hotkey: string): CorpusIndex
  /** A registered hotkey; with stake when it validates. */
  join(name: string, stake?: bigint): Promise<Signer>
}

/** @param parameters of its chain, where they are others */
export async function openSubnet(dir?: string, startAt = factTime, parameters: Partial<LocalChainOptions> = {}): Promise<Subnet> {
  const place = dir ?? (await mkdtemp(join(tmpdir(), 'orrery-subnet-')))
  const pace = manualClock(startAt)
  const stack = new AsyncDisposableStack()
  if (!dir) stack.defer(() => rm(place, { recursive: true, force: true }))
  const chain = stack.use(
    localChain(join(place, 'chain.sqlite'), {
      clock: pace,
      // Draws repeat.
      seed: 'subnet',
      netuid: 13,
      blockMs,
      tempoBlocks: 20,
      weightsRateLimitBlocks: 5,
      faucet: true,
      stakeThreshold: 1000n,
      ...parameters,
    }),
  )
  const events: TelemetryEvent[] = []
  const seen = new Map<string, CorpusIndex & AsyncDisposable>()
  const thread = portThread('the indexes of miners', pace)
  const telemetry = createTelemetry()
  telemetry.listen((event) => events.push(event))
  return {
    dir: place,
    pace,
    facts: frozenClock(factTime),
    store: folderStore(join(place, 'store')),
    catalog: stack.use(sqliteCatalog(join(place, 'catalog.sqlite'), { clock: pace })),
    chain,
    events,
    telemetry,
    hasContact: true,
    rejects: [],
    index(hotkey) {
      const known = seen.get(hotkey) ?? stack.use(threadedCorpusIndex(join(place, 'corpus', hotkey), { clock: pace, thread }))
      seen.set(hotkey, known)
      return known
    },
    queue: (name) => stack.use(sqliteQueue(join(place, 'queue.sqlite'), name, { clock: pace })),
    async join(name, stake) {
      const { signer, coldkey } = await ensureWallet(join(place, 'wallets'), name, { seed: 1 })
      await chain.register(signer, coldkey)
      if (stake !== undefined) await chain.faucet(signer, stake)
      return signer
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** A job of one label over the hosts of testDocument (`host0.example` …). */
export function testJob(label: string, include: string[] = ['https://*.example/*'], weight = 1): DesirabilityJob {
  const params = { keyword: null, platform: 'web', label, post_start_datetime: null, post_end_datetime: null } as const
  return { id: jobId(params, { include }), weight, params, web: { seeds: [], include } }
}

export const testOrigin = { code_version: '0.1.0', config_sha256: '0'.repeat(64) }

export const enqueue = (queue: Queue, documents: readonly Document[]): Promise<number> =>
  queue.add(documents.map((document) => ({ key: `${document.uri} ${document.version}`, body: encodeDocument(document) })))
