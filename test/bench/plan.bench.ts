import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderStore } from '#infra/store/folder.ts'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import type { EpochManifest, Geometry } from '#schemas/epoch-manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { GenerationShard, ListedTokenShard, TokenizerRef } from '#schemas/token-list.ts'
import { tokenShardHeaderBytes } from '#schemas/token-shard.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { plannedBatches, type PlannedBatches } from '#trainer-bridge/plan/batches.ts'
import { recentLists } from '#trainer-bridge/plan/lists.ts'
import { planEpoch } from '#trainer-bridge/plan/plan.ts'
import { shardCache } from '#trainer-bridge/plan/shard-cache.ts'
import { cpuSeconds } from './cpu-seconds.ts'
import { median, type Bench, type Contestant, type Sample } from './bench.ts'

/** A run over 1,000 labels of unlike sizes. No token of it is read, so none is there: a shard is its header. */
const labels = 1000
const shardTokens = 2 ** 24
const geometry: Geometry = { rows: 4, sequence_tokens: 4096, next_token: true, packing: 'stream', batch_sources: 'one', validation_share: 0 }
const tokenizer: TokenizerRef = { name: 'bench', fingerprint: sha256Hex('bench'), vocabulary: 50_000 }

const contestant = (tokens: number, batchesMax: number, sequenceTokens: number): Contestant => {
  let folder = ''
  let plan: EpochManifest | undefined
  return {
    async setUp() {
      folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
      plan = await planOf(folderStore(folder), tokens, { batchesMax, sequenceTokens })
    },
    run: async (quick) => measure(folderStore(folder), plan!, quick ? 50_000 : 400_000),
    tearDown: () => rm(folder, { recursive: true }),
  }
}

export const bench: Bench = {
  contestants: {
    // 256 G tokens in the batches of the usual size, and in ten million of them.
    batches: contestant(256e9, 1_000_000, 4096),
    ten_million: contestant(256e9, 10_000_000, 1024),
    trillion: contestant(1e12, 1_000_000, 4096),
  },
  summarize({ batches = [], ten_million = [], trillion = [] }) {
    return {
      figures: {
        batch_us: of(batches, 'random_us'),
        batch_us_in_order: of(batches, 'ordered_us'),
        label_us: of(batches, 'label_us'),
        open_ms_10m: of(ten_million, 'open_ms'),
        batch_us_10m: of(ten_million, 'random_us'),
        first_batch_ms: of(trillion, 'first_batch_ms'),
        state_bytes: of(trillion, 'state_bytes'),
        sources_bytes: of(trillion, 'sources_bytes'),
      },
    }
  },
}

const of = (samples: readonly Sample[], name: string) => median(samples.map(({ counts }) => counts[name] ?? 0))

/** The first epoch of a run over label n with a share of 1 / (n + 8) of the tokens. */
async function planOf(
  folder: ObjectStore,
  tokens: number,
  { batchesMax, sequenceTokens }: { batchesMax: number; sequenceTokens: number },
): Promise<EpochManifest> {
  const shares = Array.from({ length: labels }, (_, n) => 1 / (n + 8))
  const all = shares.reduce((sum, share) => sum + share, 0)
  const current: ListedTokenShard[] = []
  for (const [n, share] of shares.entries())
    for (let left = Math.round((tokens * share) / all), part = 0; left >= shardTokens / 16; left -= shardTokens, part++) {
      const shard = { key: `tokens/${n}/${part}`, sha256: sha256Hex(`${n}/${part}`), bytes: 0, tokens: Math.min(left, shardTokens), documents: 1 }
      shard.bytes = tokenShardHeaderBytes + Math.ceil((2 * shard.tokens) / 64) * 64 + 44
      current.push({ shard: { ...shard, label: `source ${n}`, file: sha256Hex('file'), since: 1, moved: false }, deletes: null })
    }
  const byKey = new Map(current.map(({ shard }) => [shard.key, shard]))
  const store: Pick<ObjectStore, 'get' | 'put'> = {
    async get(key, range) {
      const shard = byKey.get(key)
      return shard ? headerOf(shard) : folder.get(key, range)
    },
    put: (key, bytes) => folder.put(key, bytes),
  }
  const plan = await planEpoch({
    store,
    readList: recentLists(folder),
    cache: shardCache(store),
    prefix: 'plans/bench/',
    tokens: { sha256: sha256Hex('tokens'), version: 1, tokenizer, current, deletesOf: () => null },
    parent: null,
    before: undefined,
    settledBefore: 0,
    run: 'main',
    geometry: { ...geometry, sequence_tokens: sequenceTokens },
    seed: 1,
    passes: 1,
    weights: new Map(shares.map((_, n) => [`source ${n}`, 1 + (n % 7)])),
    batchesMax,
    lost: new Set(),
    tell(key, problem) {
      throw new Error(`${key}: ${problem}`)
    },
  })
  if (!plan) throw new Error('there is nothing to train')
  return plan
}

/** By the form of before shards had block sums. */
function headerOf({ tokens }: GenerationShard): Uint8Array {
  const bytes = Buffer.alloc(tokenShardHeaderBytes)
  bytes.write('ORRYTOK\0', 'latin1')
  bytes.writeUInt16LE(2, 8)
  bytes.writeUInt16LE(2, 10)
  bytes.write(tokenizer.fingerprint, 16, 'hex')
  bytes.writeBigUInt64LE(BigInt(tokens), 48)
  bytes.writeBigUInt64LE(1n, 56)
  return bytes
}

/** CPU time, ms. */
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = cpuSeconds()
  await work()
  return 1000 * (cpuSeconds() - began)
}

async function measure(store: ObjectStore, plan: EpochManifest, looks: number): Promise<Record<string, number>> {
  const open = (): Promise<PlannedBatches> => plannedBatches(plan, { store, readList: recentLists(store) })
  const random = seededRandom(1)
  const any = (): number => Math.floor(random() * plan.batches)
  // As after a restart: the manifest is text, and nothing was read before.
  const firstBatchMs = await timed(async () => {
    JSON.parse(canonicalJson(plan))
    await (await open()).batch(any())
  })
  let batches: PlannedBatches | undefined
  const openMs = await timed(async () => (batches = await open()))
  const made = batches as unknown as PlannedBatches
  const randomMs = await timed(async () => {
    for (let look = 0; look < looks; look++) await made.batch(any())
  })
  const orderedMs = await timed(async () => {
    for (let k = 0; k < Math.min(looks, plan.batches); k++) await made.batch(k)
  })
  const labelMs = await timed(async () => {
    for (let look = 0; look < looks; look++) made.label(any())
  })
  return {
    first_batch_ms: firstBatchMs,
    open_ms: openMs,
    random_us: (1000 * randomMs) / looks,
    ordered_us: (1000 * orderedMs) / Math.min(looks, plan.batches),
    label_us: (1000 * labelMs) / looks,
    state_bytes: canonicalJson(plan).length,
    sources_bytes: plan.strata.list.bytes,
    batches: plan.batches,
  }
}
