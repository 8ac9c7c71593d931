import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { TokenDtype } from '#schemas/token-shard.ts'
import { folderStore } from '#infra/store/folder.ts'
import { temporaryFolder } from '#test/golden/bridge.ts'
import { putTokens, tokenDataset, type TokenDataset } from '#test/golden/tokens.ts'
import { goldenRun } from '#test/golden/run.ts'
import type { PlannedBatches } from '../plan/batches.ts'
import { encodeArrow } from './arrow.ts'
import { openTokenBlocks } from './token-blocks.ts'

const geometry = { rows: 3, sequence_tokens: 16 }

/** The batches of one epoch over all of it. */
async function batchesOf(dataset: TokenDataset): Promise<PlannedBatches> {
  const run = goldenRun()
  const plan = await run.next(dataset, 1, { geometry, weights: { web: 1, docs: 1 }, seed: 1 })
  return run.batches(plan!)
}

const blocksOf = async (dataset: TokenDataset, store: Pick<ObjectStore, 'get'>, tokenizer = dataset.manifest.tokenizer) =>
  openTokenBlocks(await batchesOf(dataset), tokenizer, store)

const wordsOf = (bytes: Uint8Array) =>
  Uint32Array.from({ length: bytes.length / 4 }, (_, i) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * i, true))

test.each<TokenDtype>(['u16', 'u24'])('a block is the planned windows of the stratum, row after row, from %s shards', async (dtype) => {
  await using folder = await temporaryFolder()
  const store = folderStore(folder.path)
  const dataset = tokenDataset({ strata: { web: [100, 7, 300], docs: [200] }, dtype })
  await putTokens(store, dataset)
  const batches = await batchesOf(dataset)
  const blocks = openTokenBlocks(batches, dataset.manifest.tokenizer, store)
  for (let k = 0; k < batches.length; k++) {
    const { label, bytes, sha256 } = await blocks.block(k)
    const stream = dataset.streams[label]!
    const expected = batches.batch(k).windows.flatMap(({ index }) => [...stream.subarray(index * 16, index * 16 + 16)])
    expect([...wordsOf(bytes)]).toEqual(expected)
    expect(sha256).toBe(sha256Hex(bytes))
  }
})

test('reads only the header once and the bytes of the windows, and nothing for a block it has', async () => {
  const dataset = tokenDataset({ strata: { web: [5000] } })
  const reads: number[] = []
  const store: Pick<ObjectStore, 'get'> = {
    async get(key, range) {
      const bytes = dataset.objects.get(key)!.subarray(range?.start, range?.end)
      reads.push(bytes.length)
      return bytes
    },
  }
  const blocks = await blocksOf(dataset, store)
  await blocks.block(0)
  expect(reads).toEqual([64, 32, 32, 32])
  await blocks.block(0)
  expect(reads).toHaveLength(4)
})

test('asks a store again that was away for a moment', async () => {
  const dataset = tokenDataset({ strata: { web: [500] } })
  let away = true
  const store: Pick<ObjectStore, 'get'> = {
    async get(key, range) {
      if (away) throw new OrreryError('store_unavailable', 'The store is away.')
      return dataset.objects.get(key)!.subarray(range?.start, range?.end)
    },
  }
  const blocks = await blocksOf(dataset, store)
  await expect(blocks.block(0)).rejects.toMatchObject({ code: 'store_unavailable' })
  away = false
  expect((await blocks.block(0)).bytes).toHaveLength(3 * 16 * 4)
})

test.each([
  ['is cut short', (bytes: Uint8Array) => bytes.subarray(0, 70)],
  ['has other tokens than its manifest counts', (bytes: Uint8Array) => tokenBytes(bytes, 48, 499)],
  ['is of another tokenizer', (bytes: Uint8Array) => tokenBytes(bytes, 16, 1)],
  ['is no token shard', (bytes: Uint8Array) => tokenBytes(bytes, 0, 0)],
])('refuses a shard that %s', async (_, spoil) => {
  const dataset = tokenDataset({ strata: { web: [500] } })
  const store: Pick<ObjectStore, 'get'> = { get: async (key, range) => spoil(dataset.objects.get(key)!).subarray(range?.start, range?.end) }
  await expect((await blocksOf(dataset, store)).block(0)).rejects.toMatchObject({ code: 'data_unreadable', status: 500 })
})

test('refuses a token outside the vocabulary', async () => {
  const dataset = tokenDataset({ strata: { web: [500] } })
  const store: Pick<ObjectStore, 'get'> = { get: async (key, range) => dataset.objects.get(key)!.subarray(range?.start, range?.end) }
  await expect((await blocksOf(dataset, store, { ...dataset.manifest.tokenizer, vocabulary: 2 })).block(0)).rejects.toMatchObject({ code: 'data_unreadable' })
})

test('an Arrow reader finds the same rows, and what they are, in the stream', () => {
  const bytes = new Uint8Array(Uint32Array.from({ length: 12 }, (_, i) => i * 100_000).buffer)
  const stream = encodeArrow({ bytes, sequenceTokens: 4, metadata: new Map([['label', 'web']]) })
  const table = tableFromIPC(stream)
  expect(table.schema.metadata.get('label')).toBe('web')
  expect(table.numRows).toBe(3)
  expect(Array.from({ length: 3 }, (_, row) => [...table.getChild('tokens')!.get(row)])).toEqual([
    [0, 100_000, 200_000, 300_000],
    [400_000, 500_000, 600_000, 700_000],
    [800_000, 900_000, 1_000_000, 1_100_000],
  ])
})

function tokenBytes(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const spoilt = bytes.slice()
  new DataView(spoilt.buffer).setUint16(offset, value, true)
  return spoilt
}
