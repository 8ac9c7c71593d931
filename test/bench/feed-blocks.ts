import { folderStore } from '#infra/store/folder.ts'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import { lineage } from '#schemas/lineage.ts'
import type { TokenVersionManifest } from '#schemas/manifest.ts'
import type { TokenizedFile } from '#schemas/token-list.ts'
import { rootOfSums } from '#schemas/token-shard-sums.ts'
import { blockSumsRange, encodeTokenShard, parseTokenShardHeader } from '#schemas/token-shard.ts'
import { bridgeHouse, goldenDataset, temporaryFolder } from '#test/golden/bridge.ts'
import { openBridge, type Bridge } from '#trainer-bridge/service.ts'

/** Tokens of a shard, and of a row: u24, as a vocabulary of 200,000 has them. */
const shardTokens = 4 * 2 ** 20
const rowTokens = 4096

export interface BenchFeed extends AsyncDisposable {
  app: Bridge['app']
  /** A block of the format `orrery`. */
  framed(batch: number): Promise<Buffer>
}

/** A bridge with one open epoch of so many blocks, of random tokens in shards of a folder, in the order that it plans: rows lie anywhere. */
export async function benchFeed(blockBytes: number, count: number): Promise<BenchFeed> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const rows = blockBytes / 4 / rowTokens
  const house = stack.use(bridgeHouse(folder.path, { rows, sequence_tokens: rowTokens, epoch_batches: count }))
  await house.catalog.commit(lineage.tokens(goldenDataset), undefined, await tokensOf(house, count * rows * rowTokens))
  const bridge = stack.use(await openBridge(house))
  await bridge.advance(new AbortController().signal)
  const framed = async (batch: number): Promise<Buffer> =>
    (await bridge.app.inject(`/v1/jobs/${goldenDataset}/epochs/0/batches/${batch}?format=orrery`)).rawPayload
  await framed(count - 1)
  const kept = stack.move()
  return { app: bridge.app, framed, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function tokensOf({ dataDir }: { dataDir: string }, tokens: number): Promise<TokenVersionManifest> {
  const store = folderStore(`${dataDir}/store`)
  const put = async (bytes: Uint8Array, ending: string): Promise<StoredObject> => {
    const sha256 = sha256Hex(bytes)
    const object = { key: `tokens/${sha256}.${ending}`, sha256, bytes: bytes.length }
    await store.put(object.key, bytes)
    return object
  }
  const fingerprint = sha256Hex('bench')
  const files: TokenizedFile[] = []
  for (let first = 0; first < tokens; first += shardTokens) {
    const size = Math.min(shardTokens, tokens - first)
    const drawn = crypto.getRandomValues(new Uint32Array(16_384))
    const tokenIds = Uint32Array.from({ length: size }, (_, i) => (drawn[i % 16_384]! ^ Math.imul(i >>> 14, 0x9e3779b1)) & 0x1ffff)
    const document = { documentEnds: [size], documentIds: [fingerprint], documentRows: [0] }
    const bytes = encodeTokenShard({ dtype: 'u24', separator: 0, fingerprint, tokenIds, ...document })
    const sums = blockSumsRange(parseTokenShardHeader(bytes))
    const object = { ...(await put(bytes, 'tok')), blocks_root: rootOfSums(bytes.subarray(sums.start, sums.end)) }
    const file = sha256Hex(`file ${first}`)
    const shard = { ...object, label: 'web', tokens: size, documents: 1, file, since: 1, moved: false }
    files.push({ file, deletes: null, shards: [{ shard, deletes: null }] })
  }
  const list = await put(Buffer.from(canonicalJson(files)), 'json')
  return {
    kind: 'token-version',
    parent: null,
    origin: { code_version: '0', config_sha256: fingerprint },
    dataset: fingerprint,
    tokenizer: { name: 'bench', fingerprint, vocabulary: 2 ** 17 },
    groups: [{ hotkey: 'miner', job_id: 'job', source: fingerprint, list, shards: files.length, tokens, documents: files.length }],
    held: null,
  }
}
