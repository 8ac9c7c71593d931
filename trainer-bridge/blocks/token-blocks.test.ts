import { expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ByteRange, ObjectStore } from '#schemas/object-store.ts'
import type { GenerationShard } from '#schemas/token-list.ts'
import { sumBlockBytes } from '#schemas/token-shard-sums.ts'
import { blockSumsRange, parseTokenShardHeader, type TokenDtype } from '#schemas/token-shard.ts'
import { tokenDataset, type TokenDataset } from '#test/golden/tokens.ts'
import { goldenRun } from '#test/golden/run.ts'
import type { PlannedBatches } from '../plan/batches.ts'
import { blockHeaderBytes, parseBlockHeader } from './block-header.ts'
import { blockStream } from './block-stream.ts'
import { provenShards } from './proven-shards.ts'
import { openTokenBlocks, type TokenBlocks, type TokenBlocksOptions } from './token-blocks.ts'

const geometry = { rows: 3, sequence_tokens: 16 }
type Store = Pick<ObjectStore, 'get'>

/** The batches of one epoch over all of it. */
async function batchesOf(dataset: TokenDataset): Promise<PlannedBatches> {
  const run = goldenRun()
  const plan = await run.next(dataset, 1, { geometry, weights: { web: 1, docs: 1 }, seed: 1 })
  return run.batches(plan!)
}

async function blocksOf(dataset: TokenDataset, store: Store = storeOf(dataset), options: Partial<TokenBlocksOptions> = {}): Promise<TokenBlocks> {
  const batches = await batchesOf(dataset)
  const { tokenizer } = dataset.manifest
  return openTokenBlocks({ batches, shards: provenShards(store), tokenizer, epoch: 7, rows: 3, rowTokens: 16, endOfText: 0, ...options })
}

/** @param read told of each read; what it returns is given instead */
const storeOf = ({ objects }: TokenDataset, read: (bytes: Uint8Array, range: ByteRange | undefined) => Uint8Array = (bytes) => bytes): Store => ({
  async get(key, range) {
    const bytes = objects.get(key)
    if (!bytes) throw new OrreryError('not_found', `There is no ${key}.`)
    return read(bytes.slice(range?.start, range?.end), range)
  },
})

const wordsOf = (bytes: Uint8Array) =>
  Uint32Array.from({ length: bytes.length / 4 }, (_, i) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * i, true))

test.each<TokenDtype>(['u16', 'u24'])('a block is the planned windows of the stratum, row after row, from %s shards', async (dtype) => {
  const dataset = tokenDataset({ strata: { web: [100, 7, 300], docs: [200] }, dtype })
  const batches = await batchesOf(dataset)
  const blocks = await blocksOf(dataset)
  for (let k = 0; k < batches.length; k++) {
    const { label, bytes, framed, sha256 } = await blocks.block(k)
    const stream = dataset.streams[label]!
    const { windows } = await batches.batch(k)
    const expected = windows.flatMap(({ index }) => [...stream.subarray(index * 16, index * 16 + 16)])
    expect([...wordsOf(bytes)]).toEqual(expected)
    expect(sha256).toBe(sha256Hex(bytes))
    expect(parseBlockHeader(framed)).toEqual({ rows: 3, rowTokens: 16, batch: k, epoch: 7, endOfText: 0, sha256 })
    expect(framed.subarray(blockHeaderBytes)).toEqual(bytes)
  }
})

test('a row that is shorter is filled with the token that ends texts', async () => {
  const dataset = tokenDataset({ strata: { web: [500] } })
  const whole = wordsOf((await (await blocksOf(dataset)).block(0)).bytes)
  const wide = wordsOf((await (await blocksOf(dataset, storeOf(dataset), { rowTokens: 20, endOfText: 999 })).block(0)).bytes)
  const rows = [0, 1, 2].flatMap((row) => [...whole.subarray(16 * row, 16 * row + 16), 999, 999, 999, 999])
  expect([...wide]).toEqual(rows)
})

test('reads blocks of a shard that windows touch, once, and nothing for what it has', async () => {
  // Some 15 blocks of 64 KiB.
  const dataset = tokenDataset({ strata: { web: [300_000] }, dtype: 'u24' })
  const reads: (ByteRange | undefined)[] = []
  const bytes = [...dataset.objects.values()].find(({ length }) => length > sumBlockBytes)!
  const store = storeOf(dataset, (some, range) => {
    reads.push(range)
    return some
  })
  const batches = await batchesOf(dataset)
  const blocks = await blocksOf(dataset, store)
  const { windows } = await batches.batch(0)
  await Promise.all([blocks.block(0), blocks.block(0)])
  const sums = blockSumsRange(parseTokenShardHeader(bytes))
  const touched = windows.flatMap(({ pieces }) => pieces).map(({ start }) => Math.floor((64 + 3 * start) / sumBlockBytes))
  expect(reads.slice(0, 2)).toEqual([{ start: 0, end: sumBlockBytes }, sums])
  expect(reads.slice(2).map((range) => range!.start / sumBlockBytes)).toEqual([...new Set(touched)])
  const before = reads.length
  await blocks.block(0)
  expect(reads).toHaveLength(before)
})

test('a shard without sums is proven by its sha256, once', async () => {
  const dataset = tokenDataset({ strata: { web: [5000] } })
  const former = formerOf(dataset)
  const reads: (ByteRange | undefined)[] = []
  const store = storeOf(former.dataset, (some, range) => {
    reads.push(range)
    return some
  })
  const batches = { batch: (k: number) => former.batch(dataset, k) }
  const blocks = await blocksOf(dataset, store, { batches })
  const expected = await blocksOf(dataset)
  for (const k of [0, 1, 2, 3]) expect((await blocks.block(k)).sha256).toBe((await expected.block(k)).sha256)
  expect(reads.filter((range) => range!.end - range!.start >= 5000)).toHaveLength(3)

  const spoilt = await blocksOf(dataset, storeOf(former.dataset, flip(2000)), { batches })
  await expect(spoilt.block(0)).rejects.toMatchObject({ code: 'data_unreadable' })
})

test('asks a store again that was away for a moment', async () => {
  const dataset = tokenDataset({ strata: { web: [500] } })
  let away = true
  const store = storeOf(dataset, (bytes) => {
    if (away) throw new OrreryError('store_unavailable', 'The store is away.')
    return bytes
  })
  const blocks = await blocksOf(dataset, store)
  blocks.prepare(0)
  await expect(blocks.block(0)).rejects.toMatchObject({ code: 'store_unavailable' })
  away = false
  expect((await blocks.block(0)).bytes).toHaveLength(3 * 16 * 4)
})

test.each<[string, (bytes: Uint8Array, range: ByteRange | undefined) => Uint8Array]>([
  ['is cut short', (bytes) => bytes.subarray(0, 70)],
  ['has other tokens than its manifest counts', flip(48)],
  ['is of another tokenizer', flip(16)],
  ['is no token shard', flip(0)],
  ['has one other token', flip(64 + 2 * 250)],
  ['has another id of a document', flip(1024 + 64 + 64)],
  ['has another sum', (bytes, range) => (range!.start > 64 ? flip(range!.start + 3)(bytes, range) : bytes)],
])('refuses a shard that %s', async (_, spoil) => {
  const dataset = tokenDataset({ strata: { web: [500] } })
  const blocks = await blocksOf(dataset, storeOf(dataset, spoil))
  await expect(blocks.block(0)).rejects.toMatchObject({ code: 'data_unreadable', status: 500 })
})

test('refuses a shard that is gone', async () => {
  const dataset = tokenDataset({ strata: { web: [500] } })
  const blocks = await blocksOf(dataset, storeOf({ ...dataset, objects: new Map() }))
  await expect(blocks.block(0)).rejects.toMatchObject({ code: 'data_unreadable' })
})

test('refuses a token outside the vocabulary', async () => {
  const dataset = tokenDataset({ strata: { web: [500] } })
  const tokenizer = { ...dataset.manifest.tokenizer, vocabulary: 2 }
  await expect((await blocksOf(dataset, storeOf(dataset), { tokenizer })).block(0)).rejects.toMatchObject({ code: 'data_unreadable' })
})

test('many who ask at once have few blocks made at once', async () => {
  const dataset = tokenDataset({ strata: { web: [20_000] } })
  const batches = await batchesOf(dataset)
  let [working, most] = [0, 0]
  const counting = {
    async batch(k: number) {
      most = Math.max(most, ++working)
      await new Promise((resolve) => setImmediate(resolve))
      working--
      return batches.batch(k)
    },
  }
  const blocks = await blocksOf(dataset, storeOf(dataset), { batches: counting })
  const all = await Promise.all(Array.from({ length: 300 }, (_, k) => blocks.block(k)))
  expect(new Set(all.map(({ batch }) => batch)).size).toBe(300)
  expect(most).toBe(16)
})

test('a stream is framed blocks in the order that is asked for, and breaks off where one cannot be read', async () => {
  const dataset = tokenDataset({ strata: { web: [2000] } })
  const blocks = await blocksOf(dataset)
  const order = [5, 3, 9, 0, 1, 2, 30, 4]
  const frames: Uint8Array[] = []
  for (const k of order) frames.push((await blocks.block(k)).framed)
  expect(Buffer.concat(await blockStream(blocks, order).toArray())).toEqual(Buffer.concat(frames))
  await expect(blockStream(blocks, [0, 1, 9999, 2]).toArray()).rejects.toMatchObject({ code: 'not_found' })
})

/** Changes the byte of the object at a place, wherever it is read. */
function flip(place: number) {
  return (bytes: Uint8Array, range: ByteRange | undefined): Uint8Array => {
    const at = place - (range?.start ?? 0)
    if (at >= 0 && at < bytes.length) bytes[at] = (bytes[at] as number) ^ 1
    return bytes
  }
}

/** The same shards as version 2 has them. */
function formerOf(dataset: TokenDataset) {
  const objects = new Map<string, Uint8Array>()
  const shards = new Map<string, GenerationShard>()
  for (const { shard } of dataset.shards) {
    const bytes = dataset.objects.get(shard.key)!
    const former = bytes.slice(0, blockSumsRange(parseTokenShardHeader(bytes)).start)
    new DataView(former.buffer).setUint16(8, 2, true)
    const { key, tokens, documents } = shard
    objects.set(key, former)
    shards.set(key, { key, sha256: sha256Hex(former), bytes: former.length, tokens, documents })
  }
  return {
    dataset: { ...dataset, objects },
    async batch(of: TokenDataset, k: number) {
      const planned = await (await batchesOf(of)).batch(k)
      const windows = planned.windows.map((window) => ({
        ...window,
        pieces: window.pieces.map((piece) => ({ ...piece, shard: shards.get(piece.shard.key)! })),
      }))
      return { ...planned, windows }
    },
  }
}
