import fc from 'fast-check'
import { decode } from 'gpt-tokenizer/encoding/o200k_base'
import { expect, test } from 'vitest'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readList, writeList } from '#infra/corpus/list-object.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { ListedTokenShard, TokenizedFile } from '#schemas/token-list.ts'
import { decodeTokenShard, decodeTokens, parseTokenShardHeader, tokenRange, tokenShardHeaderBytes } from '#schemas/token-shard.ts'
import { readDocuments } from '#dataset/documents.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { testEpoch } from '#test/golden/epochs.ts'
import { goldenOrigin, putSnapshot, shardWorld, tokensGroupsOf, type GoldenShard, type ShardWorld } from '#test/golden/shards.ts'
import { openEncoders } from '#infra/tokenizer/encoders.ts'
import { tokenize, type TokenizeRequest, type TokensEntry } from './tokenize.ts'

const signal = new AbortController().signal

/** A miner's next snapshot of a job, taken into the dataset. */
async function put(world: ShardWorld, shards: readonly GoldenShard[], miner = 'a'): Promise<void> {
  await putSnapshot(world, { signer: await world.signer(miner), jobId: 'one', shards })
  await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
}
const run = (world: ShardWorld, parts: Partial<TokenizeRequest> = {}) => tokenize({ ...world, name: 'web', origin: goldenOrigin, signal, ...parts })

async function filesOf(world: Pick<ShardWorld, 'store'>, entry: TokensEntry | undefined): Promise<TokenizedFile[]> {
  const lists = await Promise.all((await tokensGroupsOf(world, entry)).map(({ list }) => readList(world.store, list, TokenizedFile)))
  return lists.flat()
}
const shardsOf = async (world: ShardWorld, entry: TokensEntry | undefined): Promise<ListedTokenShard[]> =>
  (await filesOf(world, entry)).flatMap(({ shards }) => shards)
const heldOf = async ({ store }: ShardWorld, entry: TokensEntry | undefined): Promise<ListedTokenShard[]> =>
  entry?.manifest.held ? readList(store, entry.manifest.held, ListedTokenShard) : []

/** Id, label and text of each document that is not deleted, by its tokens; an id that stands twice is an error. */
async function spoken(world: ShardWorld, listed: readonly ListedTokenShard[]): Promise<Map<string, { label: string; text: string }>> {
  const found = new Map<string, { label: string; text: string }>()
  for (const { shard, deletes } of listed) {
    const { tokenIds, documentEnds, documentIds } = decodeTokenShard(await world.store.get(shard.key))
    const deleted = await readDeletionVector(world.store, { file: { rows: shard.documents }, deletes })
    for (const [n, id] of documentIds.entries()) {
      if (deleted.has(n)) continue
      expect(found.has(id)).toBe(false)
      found.set(id, { label: shard.label, text: decode(tokenIds.slice(documentEnds[n - 1] ?? 0, (documentEnds[n] ?? 0) - 1)) })
    }
  }
  return found
}

/** What the head of the dataset holds. */
async function written(world: ShardWorld): Promise<Map<string, { label: string; text: string }>> {
  const head = await world.catalog.head(lineage.dataset('web'))
  const documents = new Map<string, { label: string; text: string }>()
  if (head) for await (const { id, label, text } of readDocuments(world.store, head.manifest, signal)) documents.set(id, { label, text })
  return documents
}

const some: readonly Document[] = [...testDocuments(9), ...testDocuments(20, { label: 'other' }).slice(9)]

test('each label of a file becomes a shard of whole documents in their order, each ended by <|endoftext|>', async () => {
  await using world = await shardWorld()
  await put(world, [{ documents: some }])
  const { changed, entry } = await run(world)
  const { endOfText, fingerprint, size } = await world.encoders.vocabulary()
  expect(changed).toBe(true)
  expect(entry?.manifest).toMatchObject({
    dataset: (await world.catalog.head(lineage.dataset('web')))?.sha256,
    tokenizer: { name: 'o200k_base', fingerprint, vocabulary: size },
    totals: { shards: 2, documents: 20 },
    held: null,
  })
  expect(await tokensGroupsOf(world, entry)).toMatchObject([{ job_id: 'one', shards: 2, documents: 20 }])
  const [file] = await filesOf(world, entry)
  expect(file?.shards.map(({ shard, deletes }) => [shard.label, shard.documents, shard.file === file.file, shard.since, shard.moved, deletes])).toEqual([
    ['example', 9, true, 1, false, null],
    ['other', 11, true, 1, false, null],
  ])
  const texts = new Map(some.map(({ id, text }) => [id, text]))
  for (const { shard } of file?.shards ?? []) {
    const bytes = await world.store.get(shard.key)
    const decoded = decodeTokenShard(bytes)
    expect([decoded.dtype, decoded.fingerprint, decoded.separator, decoded.tokens, sha256Hex(bytes)]).toEqual([
      'u24',
      fingerprint,
      endOfText,
      shard.tokens,
      shard.sha256,
    ])
    expect(decoded.documentIds).toEqual(decoded.documentRows.map((row) => some[row]?.id))
    expect(decoded.documentRows).toEqual(decoded.documentRows.toSorted((a, b) => a - b))
    const spans = decoded.documentEnds.map((end, n) => [...decoded.tokenIds.subarray(decoded.documentEnds[n - 1] ?? 0, end)])
    expect(spans.map((span) => span.at(-1))).toEqual(spans.map(() => endOfText))
    expect(spans.map((span) => decode(span.slice(0, -1)))).toEqual(decoded.documentIds.map((id) => texts.get(id)))
  }
  expect(world.events.find(({ name }) => name === 'tokens.version')?.fields).toMatchObject({ version: 1, documents: 20, shards: 2 })
})

test('a window is read by its byte range alone', async () => {
  await using world = await shardWorld()
  await put(world, [{ documents: some }])
  const [listed] = await shardsOf(world, (await run(world)).entry)
  const { key, bytes } = listed?.shard ?? { key: '', bytes: 0 }
  const header = parseTokenShardHeader(await world.store.get(key, { start: 0, end: tokenShardHeaderBytes }), bytes)
  const window = decodeTokens(header, await world.store.get(key, tokenRange(header, 100, 64)))
  expect(window).toEqual(decodeTokenShard(await world.store.get(key)).tokenIds.slice(100, 164))
})

test('shards stay within their bound, and only a document that is larger goes beyond', async () => {
  await using world = await shardWorld()
  await put(world, [
    { documents: [...testDocuments(10), testDocument(50, { text: 'word '.repeat(3000).trim() }), ...testDocuments(30, { label: 'b' }).slice(20)] },
  ])
  const shards = await shardsOf(world, (await run(world, { shardTokensMax: 2000 })).entry)
  expect(shards.length).toBeGreaterThan(4)
  expect(shards.filter(({ shard }) => shard.tokens > 2000).map(({ shard }) => shard.documents)).toEqual([1])
  expect(await spoken(world, shards)).toEqual(await written(world))
})

/** A store that notes what is read. */
function watched(store: ShardWorld['store'], read: string[]): ObjectStore {
  return { ...store, get: (key, range) => (read.push(key), store.get(key, range)) }
}

test('what is there is not read again: only files that are new, and of others what is gone from them', async () => {
  await using world = await shardWorld()
  expect(await run(world)).toEqual({ changed: false, entry: undefined })
  const [one, two, three] = [0, 10, 20].map((from) => testDocuments(from + 10).slice(from)) as [Document[], Document[], Document[]]
  await put(world, [{ documents: one }])
  await put(world, [{ documents: three }], 'b')
  const first = await run(world)
  const read: string[] = []
  expect(await run(world, { store: watched(world.store, read) })).toEqual({ changed: false, entry: first.entry })
  expect(read).toEqual([])

  await put(world, [{ documents: one, deletes: [2, 5] }, { documents: two }])
  const second = await run(world, { store: watched(world.store, read) })
  const before = new Map((await shardsOf(world, first.entry)).map((listed) => [listed.shard.sha256, listed]))
  const after = await shardsOf(world, second.entry)
  expect(after.filter(({ shard }) => !before.has(shard.sha256)).map(({ shard }) => [shard.since, shard.documents])).toEqual([[2, 10]])
  expect(after.find(({ deletes }) => deletes)?.deletes?.rows).toBe(2)
  const files = (await filesOf(world, second.entry)).map(({ file }) => file)
  const dataFiles = read.filter((key) => key.endsWith('.parquet'))
  expect(new Set(dataFiles.map((key) => files.findIndex((file) => key.includes(file))))).toHaveProperty('size', 1)
  // The other miner's job is not looked at.
  const groups = await tokensGroupsOf(world, first.entry)
  const others = (await tokensGroupsOf(world, second.entry)).filter((group) => groups.some(({ list }) => list.sha256 === group.list.sha256))
  expect(others).toHaveLength(1)
  expect(read.filter((key) => key === others[0]?.list.key)).toEqual([])
  expect(await spoken(world, after)).toEqual(await written(world))
})

test('a row that comes back is added, or its deletion ends', async () => {
  await using world = await shardWorld()
  const [copy, ...rest] = testDocuments(6)
  const better = { ...copy!, uri: 'https://host0.example/a', url: 'https://host0.example/a', published_at: new Date(0) }
  // The better copy of another miner is live from the first; when it goes, the row that was never tokenized is.
  await put(world, [{ documents: [better, testDocument(40)] }], 'b')
  await put(world, [{ documents: [copy!, ...rest] }])
  const first = await run(world)
  await put(world, [{ documents: [better, testDocument(40)], deletes: [0] }], 'b')
  const second = await run(world)
  expect(await spoken(world, await shardsOf(world, second.entry))).toEqual(await written(world))
  expect((await shardsOf(world, second.entry)).filter(({ shard }) => shard.since === 2).map(({ shard }) => shard.documents)).toEqual([1])
  // The better copy again: now both were tokenized.
  await put(world, [{ documents: [better, testDocument(40)] }], 'b')
  const third = await run(world)
  expect(await spoken(world, await shardsOf(world, third.entry))).toEqual(await written(world))
  expect((await shardsOf(world, third.entry)).filter(({ shard }) => shard.since === 3)).toEqual([])
  expect(first.entry?.version).toBe(1)
})

/** A run that has taken in the newest tokens, and goes on reading their shards. */
async function startRun(world: ShardWorld, { sha256, version, manifest }: TokensEntry, taken = 0): Promise<void> {
  const head = await world.catalog.head(lineage.plan('web'))
  const shards = (await shardsOf(world, { manifest } as TokensEntry)).map(({ shard: { key, sha256: name, bytes, tokens, documents } }) => ({
    key,
    sha256: name,
    bytes,
    tokens,
    documents,
  }))
  const list = await writeList(world.store, 'plans/web/', shards)
  const plan = await testEpoch(world.store, { parent: head?.sha256 ?? null, tokens: sha256, joined: version, tokenizer: manifest.tokenizer, list, taken })
  await world.catalog.commit(lineage.plan('web'), head?.sha256, plan)
}
const counted = (world: ShardWorld, name: string): number => world.telemetry.snapshot()[name] ?? 0

test('of a file that only merged others the tokens are copied, and what a run still reads is held until it has done', async () => {
  await using world = await shardWorld()
  const [one, two, fresh] = [testDocuments(10), testDocuments(20).slice(10), testDocuments(22).slice(20)]
  await put(world, [{ documents: one }, { documents: two, deletes: [3] }])
  const first = await run(world)
  await startRun(world, first.entry!)
  const encoded = counted(world, 'tokens.encoded')
  const merged = [...one.toReversed(), ...two.filter((_, n) => n !== 3), ...fresh]
  await put(world, [{ documents: merged }])
  const second = await run(world)
  const shards = await shardsOf(world, second.entry)
  expect(await spoken(world, shards)).toEqual(await written(world))
  expect(shards.map(({ shard }) => [shard.documents, shard.moved, shard.since])).toEqual([
    [2, false, 2],
    [19, true, 2],
  ])
  expect(counted(world, 'tokens.encoded') - encoded).toBe(shards[0]?.shard.tokens)
  expect(counted(world, 'tokens.copied')).toBe(shards[1]?.shard.tokens)
  expect((await heldOf(world, second.entry)).map(({ shard }) => shard.sha256)).toEqual((await shardsOf(world, first.entry)).map(({ shard }) => shard.sha256))

  // What is taken back is deleted from the held ones too.
  await put(world, [{ documents: merged, deletes: [0, 12] }])
  const third = await run(world)
  const gone = [merged[0]!.id, merged[12]!.id]
  const left = await spoken(world, await heldOf(world, third.entry))
  expect(
    [...one, ...two]
      .map(({ id }) => id)
      .filter((id) => !left.has(id))
      .toSorted(),
  ).toEqual([...gone, two[3]!.id].toSorted())

  await startRun(world, third.entry!)
  await put(world, [{ documents: merged, deletes: [0, 12, 13] }])
  expect(await heldOf(world, (await run(world)).entry)).toEqual([])
})

test('tokens that no run has taken in yet are as new in a merged file as they were', async () => {
  await using world = await shardWorld()
  await put(world, [{ documents: testDocuments(5) }])
  const first = await run(world)
  await startRun(world, first.entry!)
  await put(world, [{ documents: testDocuments(5) }, { documents: testDocuments(9).slice(5) }])
  await run(world)
  await put(world, [{ documents: testDocuments(9) }])
  const { entry } = await run(world)
  expect((await shardsOf(world, entry)).map(({ shard }) => [shard.documents, shard.moved])).toEqual([
    [4, false],
    [5, true],
  ])
  expect((await heldOf(world, entry)).map(({ shard }) => shard.documents)).toEqual([5])
})

test('a run that takes in meanwhile what leaves is not given it twice', async () => {
  await using world = await shardWorld()
  await put(world, [{ documents: testDocuments(5) }])
  const first = await run(world)
  await startRun(world, first.entry!)
  await put(world, [{ documents: testDocuments(5) }, { documents: testDocuments(9).slice(5) }])
  const second = await run(world)
  await put(world, [{ documents: testDocuments(9) }])
  // The bridge plans its next epoch while the merged file is tokenized.
  let isPlanned = false
  const store = {
    ...world.store,
    put: async (...args: Parameters<typeof world.store.put>) => {
      if (!isPlanned) await startRun(world, second.entry!)
      isPlanned = true
      return world.store.put(...args)
    },
  }
  const { entry } = await run(world, { store })
  expect((await shardsOf(world, entry)).map(({ shard }) => [shard.documents, shard.moved])).toEqual([[9, true]])
  expect((await heldOf(world, entry)).map(({ shard }) => shard.documents).toSorted()).toEqual([4, 5])
})

const damage = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte, at) => (at === 100 ? byte ^ 1 : byte))

test.each(['gone', 'damaged'])('a shard that is %s is told, and what stood in it encoded anew', async (how) => {
  await using world = await shardWorld()
  await put(world, [{ documents: testDocuments(6) }])
  const first = await run(world)
  await startRun(world, first.entry!)
  const [listed] = await shardsOf(world, first.entry)
  const store: ObjectStore = {
    ...world.store,
    async get(key, range) {
      if (key !== listed?.shard.key) return world.store.get(key, range)
      if (how === 'damaged') return damage(await world.store.get(key)).subarray(range?.start, range?.end)
      return world.store.get(`${key}.gone`)
    },
  }
  await put(world, [{ documents: testDocuments(7).toReversed() }])
  const { entry } = await run(world, { store })
  expect(await spoken(world, await shardsOf(world, entry))).toEqual(await written(world))
  expect((await shardsOf(world, entry)).every(({ shard }) => !shard.moved)).toBe(true)
  expect(world.events.find(({ name }) => name === 'tokens.shard_lost')?.fields).toMatchObject({ key: listed?.shard.key })
})

test('another vocabulary makes everything anew', async () => {
  await using world = await shardWorld()
  await put(world, [{ documents: testDocuments(3) }])
  const first = await run(world)
  await using encoders = openEncoders({ tokenizer: 'cl100k_base', folder: world.dir, threads: 1 })
  const other = await run(world, { encoders })
  expect(other.entry).toMatchObject({ version: 2, manifest: { parent: first.entry?.sha256, tokenizer: { name: 'cl100k_base' }, totals: { documents: 3 } } })
  expect((await shardsOf(world, other.entry)).map(({ shard }) => shard.since)).toEqual([2])
})

test('the same versions give the same bytes, also after a run that was cut off', async () => {
  await using calm = await shardWorld()
  await using world = await shardWorld()
  for (const each of [calm, world]) await put(each, [{ documents: some }])
  let puts = 0
  const store: ObjectStore = { ...world.store, put: async (key, body) => (++puts === 2 ? Promise.reject(new Error('power cut')) : world.store.put(key, body)) }
  await expect(run(world, { store })).rejects.toThrow('power cut')
  expect(await world.catalog.head(lineage.tokens('web'))).toBeUndefined()
  expect((await run(world)).entry?.manifest.groups).toEqual((await run(calm)).entry?.manifest.groups)
})

test('labels are names like any other', async () => {
  await using world = await shardWorld()
  const names = ['constructor', '__proto__', 'tostring', 'x'.repeat(140)]
  await put(world, [{ documents: names.map((label, n) => testDocument(n, { label })) }])
  expect((await shardsOf(world, (await run(world)).entry)).map(({ shard }) => shard.label).toSorted()).toEqual(names.toSorted())
})

test('a data file that was changed is noticed', async () => {
  await using world = await shardWorld()
  await put(world, [{ documents: some }])
  const spoil = async (key: string, range?: { start: number; end: number }) => {
    const bytes = await world.store.get(key)
    return (key.endsWith('.parquet') ? bytes.fill(0, 4, bytes.length / 2) : bytes).subarray(range?.start, range?.end)
  }
  await expect(run(world, { store: { ...world.store, get: spoil } })).rejects.toMatchObject({ code: 'data_unreadable' })
})

test('the signal ends it', async () => {
  await using world = await shardWorld()
  await put(world, [{ documents: some }])
  await expect(run(world, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
})

test('whatever comes, goes and is merged, the tokens are those of the documents of the version', async () => {
  const pool = testDocuments(24)
  const file = fc.array(fc.nat({ max: 23 }), { minLength: 1, maxLength: 8 })
  const snapshot = fc.record({
    miner: fc.constantFrom('a', 'b'),
    files: fc.array(file, { minLength: 1, maxLength: 3 }),
    deletes: fc.array(fc.nat({ max: 7 }), { maxLength: 3 }),
    joins: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(snapshot, { minLength: 2, maxLength: 5 }), async (history) => {
      await using world = await shardWorld()
      for (const { miner, files, deletes, joins } of history) {
        const numbers = files.map((each) => [...new Set(each)])
        const seen = new Set<number>()
        // A page stands in one file of a snapshot.
        const shards = numbers.map((each) => each.filter((n) => seen.size !== seen.add(n).size)).filter((each) => each.length > 0)
        await put(
          world,
          shards.map((each, at) => ({
            documents: each.map((n) => pool[n]!),
            deletes: at === 0 ? [...new Set(deletes.filter((row) => row < each.length))] : [],
          })),
          miner,
        )
        const { entry } = await run(world)
        expect(await spoken(world, await shardsOf(world, entry))).toEqual(await written(world))
        // A copy of another miner's may be held beside it.
        for (const held of await heldOf(world, entry))
          for (const [id, { text }] of await spoken(world, [held])) expect(pool.find((document) => document.id === id)?.text).toBe(text)
        if (joins && entry) await startRun(world, entry)
      }
    }),
    { numRuns: 5, endOnFailure: true },
  )
})
