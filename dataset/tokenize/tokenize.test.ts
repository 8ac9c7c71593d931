import { decode } from 'gpt-tokenizer/encoding/o200k_base'
import { expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { lineage } from '#schemas/lineage.ts'
import { decodeTokenShard, decodeTokens, parseTokenShardHeader, tokenRange, tokenShardHeaderBytes } from '#schemas/token-shard.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import type { TokensEntry } from '#dataset/versions.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { tokenize, type TokenizeRequest } from './tokenize.ts'
import { loadVocabulary } from './vocabulary.ts'

const signal = new AbortController().signal
const prepare = async (world: ShardWorld, documents = [...testDocuments(9), ...testDocuments(20, { label: 'other' }).slice(9)]): Promise<void> => {
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents })
  await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
}
const run = (world: ShardWorld, parts: Partial<TokenizeRequest> = {}) =>
  tokenize({ ...world, name: 'web', tokenizer: 'o200k_base', origin: goldenOrigin, signal, ...parts })
const shardsOf = async (world: ShardWorld, entry: TokensEntry | undefined) =>
  Promise.all((entry?.manifest.shards ?? []).map(async (shard) => ({ ...shard, bytes: await world.store.get(shard.key) })))

test('each label becomes a stratum of whole documents in the order of their files, each ended by <|endoftext|>', async () => {
  await using world = await shardWorld()
  await prepare(world)
  const { changed, entry } = await run(world)
  const { endOfText, fingerprint, size } = await loadVocabulary('o200k_base')
  expect(changed).toBe(true)
  expect(entry?.manifest).toMatchObject({
    dataset: (await world.catalog.head(lineage.dataset('web')))?.sha256,
    tokenizer: { name: 'o200k_base', fingerprint, vocabulary: size },
    shards: [
      { label: 'example', documents: 9 },
      { label: 'other', documents: 11 },
    ],
  })
  const texts = new Map(testDocuments(20).map(({ id, text }) => [id, text]))
  for (const { bytes, sha256, label, tokens } of await shardsOf(world, entry)) {
    const shard = decodeTokenShard(bytes)
    expect([shard.dtype, shard.fingerprint, shard.separator, shard.tokens, sha256Hex(bytes)]).toEqual(['u32', fingerprint, endOfText, tokens, sha256])
    expect(shard.documentIds).toEqual(
      testDocuments(20)
        .map(({ id }) => id)
        .filter((_, n) => n < 9 === (label === 'example')),
    )
    const spans = shard.documentEnds.map((end, n) => [...shard.tokenIds.subarray(shard.documentEnds[n - 1] ?? 0, end)])
    expect(spans.map((span) => span.at(-1))).toEqual(spans.map(() => endOfText))
    expect(spans.map((span) => decode(span.slice(0, -1)))).toEqual(shard.documentIds.map((id) => texts.get(id)))
  }
  expect(world.events.find(({ name }) => name === 'tokens.version')?.fields).toMatchObject({ version: 1, documents: 20, shards: 2 })
})

test('a window is read by its byte range alone', async () => {
  await using world = await shardWorld()
  await prepare(world)
  const { entry } = await run(world)
  const { key, bytes } = entry?.manifest.shards[0] ?? { key: '', bytes: 0 }
  const header = parseTokenShardHeader(await world.store.get(key, { start: 0, end: tokenShardHeaderBytes }), bytes)
  const window = decodeTokens(header, await world.store.get(key, tokenRange(header, 100, 64)))
  expect(window).toEqual(decodeTokenShard(await world.store.get(key)).tokenIds.slice(100, 164))
})

test('shards stay within their bound, and only a document that is larger goes beyond', async () => {
  await using world = await shardWorld()
  await prepare(world, [...testDocuments(10), testDocument(50, { text: 'word '.repeat(3000).trim() })])
  const { entry } = await run(world, { shardTokensMax: 2000 })
  const shards = entry?.manifest.shards ?? []
  expect(shards.length).toBeGreaterThan(2)
  expect(shards.filter(({ tokens }) => tokens > 2000).map(({ documents }) => documents)).toEqual([1])
  const ids = (await shardsOf(world, entry)).flatMap(({ bytes }) => decodeTokenShard(bytes).documentIds)
  expect(ids).toHaveLength(11)
})

test('the same dataset is tokenized once; another vocabulary or version makes the next', async () => {
  await using world = await shardWorld()
  expect(await run(world)).toEqual({ changed: false, entry: undefined })
  await prepare(world, testDocuments(3))
  const first = await run(world)
  expect(await run(world)).toEqual({ changed: false, entry: first.entry })
  const other = await run(world, { tokenizer: 'cl100k_base' })
  expect(other.entry).toMatchObject({ version: 2, manifest: { parent: first.entry?.sha256, tokenizer: { name: 'cl100k_base' } } })
  await prepare(world, testDocuments(4))
  expect((await run(world)).entry).toMatchObject({ version: 3, manifest: { tokenizer: { name: 'o200k_base' } } })
})

test('the same dataset gives the same bytes, also after a run that was cut off', async () => {
  await using calm = await shardWorld()
  await using world = await shardWorld()
  await prepare(calm)
  await prepare(world)
  const store = { ...world.store, put: () => Promise.reject(new Error('power cut')) }
  await expect(run(world, { store })).rejects.toThrow('power cut')
  expect(await world.catalog.head(lineage.tokens('web'))).toBeUndefined()
  expect((await run(world)).entry?.sha256).toBe((await run(calm)).entry?.sha256)
})

test('the signal ends it', async () => {
  await using world = await shardWorld()
  await prepare(world)
  await expect(run(world, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
})
