import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { lineage } from '#schemas/lineage.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { readDocuments } from '#dataset/documents.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { prose, testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { ingest, type IngestRequest } from './ingest.ts'

const never = new AbortController().signal
const run = (world: ShardWorld, parts: Partial<IngestRequest> = {}) => ingest({ ...world, name: 'web', origin: goldenOrigin, signal: never, ...parts })
const documentsOf = (world: ShardWorld, entry: DatasetEntry | undefined): Promise<Document[]> =>
  entry ? Array.fromAsync(readDocuments(world.store, entry.manifest)) : Promise.resolve([])
const skipped = (world: ShardWorld): unknown[] => world.events.filter(({ name }) => name === 'dataset.shard_skipped').map(({ fields }) => fields['reason'])

test('the shards of all miners become one dataset, sorted by id, with counts that add up', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  await putShard(world, { signer: a, jobId: 'one', documents: testDocuments(30) })
  await putShard(world, { signer: a, jobId: 'two', documents: [testDocument(100, { label: 'other' })] })
  await putShard(world, { signer: b, jobId: 'one', documents: [...testDocuments(10), testDocument(200)] })

  const { changed, entry } = await run(world, { rowsPerFile: 12 })

  const documents = await documentsOf(world, entry)
  expect(changed).toBe(true)
  expect(documents.map(({ id }) => id)).toEqual([...testDocuments(30), testDocument(100), testDocument(200)].map(({ id }) => id).toSorted())
  expect(entry?.manifest).toMatchObject({
    name: 'web',
    parent: null,
    documents: 32,
    labels: { example: 31, other: 1 },
    dropped: { duplicate_exact: 10 },
    text_bytes: documents.reduce((sum, { text_bytes }) => sum + text_bytes, 0),
  })
  expect(entry?.manifest.sources).toHaveLength(3)
  expect(entry?.manifest.files.map(({ rows }) => rows)).toEqual([12, 12, 8])
  expect(entry?.manifest.files[1]?.key).toMatch(/^datasets\/web\/[0-9a-f]{16}\/part-00001\.parquet$/)
  for (const { key, sha256, bytes, rows } of entry?.manifest.files ?? []) {
    const file = await world.store.get(key)
    expect([sha256Hex(file), file.length, (await decodeDocuments(file)).length]).toEqual([sha256, bytes, rows])
  }
  const told = world.events.find(({ name }) => name === 'dataset.version')
  expect(told?.fields).toMatchObject({ documents: 32, version: 1, dropped: { duplicate_exact: 10 } })
})

test('unchanged shards make no new version; changed ones make the next', async () => {
  await using world = await shardWorld()
  expect(await run(world)).toEqual({ changed: false, entry: undefined })
  const signer = await world.signer('a')
  await putShard(world, { signer, jobId: 'one', documents: testDocuments(3) })
  const first = await run(world)
  const again = await run(world)
  expect(again).toEqual({ changed: false, entry: first.entry })
  await putShard(world, { signer, jobId: 'one', documents: testDocuments(4) })
  const second = await run(world)
  expect(second.entry).toMatchObject({ version: 2, manifest: { parent: first.entry?.sha256, documents: 4 } })
})

test('the same shards give the same bytes in another place, whatever came before', async () => {
  const manifests: string[] = []
  for (const earlier of [0, 5]) {
    await using world = await shardWorld()
    const [a, b] = [await world.signer('a'), await world.signer('b')]
    if (earlier > 0) {
      await putShard(world, { signer: b, jobId: 'one', documents: testDocuments(earlier) })
      await run(world)
    }
    await putShard(world, { signer: b, jobId: 'one', documents: testDocuments(25).toReversed() })
    await putShard(world, { signer: a, jobId: 'one', documents: testDocuments(20) })
    const { entry } = await run(world)
    manifests.push(canonicalJson({ ...entry?.manifest, parent: null }))
  }
  expect(manifests[0]).toBe(manifests[1])
})

test('of copies of one text the oldest published is kept, then the smallest uri', async () => {
  await using world = await shardWorld()
  const text = prose(1)
  const copy = (uri: string, published: string | null): Document =>
    testDocument(1, { text, uri, published_at: published === null ? null : new Date(published) })
  await putShard(world, {
    signer: await world.signer('a'),
    jobId: 'one',
    documents: [copy('https://a.example/', null), copy('https://c.example/', '2026-01-01')],
  })
  await putShard(world, {
    signer: await world.signer('b'),
    jobId: 'one',
    documents: [copy('https://b.example/', '2026-01-01'), copy('https://0.example/', '2026-01-02')],
  })
  const { entry } = await run(world)
  expect((await documentsOf(world, entry)).map(({ uri }) => uri)).toEqual(['https://b.example/'])
  expect(entry?.manifest.dropped).toEqual({ duplicate_exact: 3 })
})

const handbook = (folder: string, of: string): Document =>
  testDocument(1, { text: of, lang: 'en', uri: `https://docs.example/${folder}`, published_at: new Date('2026-01-01') })

test('of copies of one date the one is kept whose address names the language of its text', async () => {
  await using world = await shardWorld()
  const [text, nearly] = [prose(1), prose(7, 400)]
  const copies = [handbook('el-GR/a', text), handbook('?b=1&lang=el', `${nearly} and a tail`)]
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: copies })
  await putShard(world, { signer: await world.signer('b'), jobId: 'one', documents: [handbook('en-US/a', text), handbook('x/b.en.html', nearly)] })
  await putShard(world, { signer: await world.signer('c'), jobId: 'one', documents: [handbook('a', text), handbook('b', `${nearly} and more`)] })
  const { entry } = await run(world)
  expect((await documentsOf(world, entry)).map(({ uri }) => uri).toSorted()).toEqual(['https://docs.example/en-US/a', 'https://docs.example/x/b.en.html'])
})

test('near-duplicates of different miners become one document, different texts stay', async () => {
  await using world = await shardWorld()
  const text = prose(7, 400)
  const early = { published_at: new Date('2026-01-01') }
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: [testDocument(1, { text: `${text} and a tail` }), testDocument(2)] })
  await putShard(world, { signer: await world.signer('b'), jobId: 'one', documents: [testDocument(3, { text, ...early }), testDocument(4)] })
  const { entry } = await run(world)
  expect((await documentsOf(world, entry)).map(({ id }) => id)).toEqual([contentId(text), testDocument(2).id, testDocument(4).id].toSorted())
  expect(entry?.manifest.dropped).toEqual({ duplicate_near: 1 })
})

test('a label that an object has by itself is a label like any other', async () => {
  await using world = await shardWorld()
  const documents = [testDocument(1, { label: 'constructor' }), testDocument(2, { label: 'constructor' }), testDocument(3, { label: 'tostring' })]
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents })
  expect((await run(world)).entry?.manifest.labels).toEqual({ constructor: 2, tostring: 1 })
})

test('what a row says of itself is not believed', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  const victim = testDocument(1)
  const documents = [
    testDocument(2, { id: victim.id }),
    testDocument(3, { minhash: victim.minhash }),
    testDocument(4, { rights: { robots: 'allowed', meta_robots: [], tdm_reservation: true, licence: null, licence_scope: null } }),
    testDocument(5, { text: '※ … ※' }),
    testDocument(6, { text: '\u200b' }),
    testDocument(8, { published_at: new Date(8e15) }),
    testDocument(9, { title: 'long '.repeat(2 ** 20) }),
    testDocument(7, { text: 'Line one \r\nline two\u0000 \n\n\n\nend', id: contentId('Line one\nline two\n\nend') }),
  ]
  await putShard(world, { signer: a, jobId: 'one', documents })
  await putShard(world, { signer: b, jobId: 'one', documents: [victim] })
  const { entry } = await run(world)
  const kept = await documentsOf(world, entry)
  expect(kept.map(({ id }) => id)).toEqual([victim.id, testDocument(3).id, contentId('Line one\nline two\n\nend')].toSorted())
  expect(entry?.manifest.dropped).toEqual({ id_mismatch: 1, tdm_reserved: 1, no_words: 1, empty: 1, published_at_invalid: 1, title_too_large: 1 })
  const mended = kept.find(({ text }) => text.startsWith('Line'))
  expect(mended).toMatchObject({ text: 'Line one\nline two\n\nend', text_bytes: 22 })
  expect(kept.find(({ id }) => id === testDocument(3).id)?.minhash).toEqual(minhash(prose(3)))
})

test('what its owner does not want used is left out, whoever kept it, each with its reason', async () => {
  await using world = await shardWorld()
  const rights = testDocument(1).rights
  const said = [
    { meta_robots: ['noindex'] },
    { meta_robots: ['nofollow', 'none'] },
    { meta_robots: ['noai'] },
    { tdm_reservation: true },
    { robots: 'not_asked', ai_txt: 'disallowed' },
    { ai_train: 'disallowed', ai_train_by: 'robots-content-signal' },
    { robots: 'not_asked', ai_train: 'disallowed', ai_train_by: 'header-content-usage' },
    { robots: 'not_asked', meta_robots: ['noarchive', 'noimageai', 'nofollow'], tdm_reservation: false, ai_txt: 'allowed', ai_train: 'allowed' },
  ] as const
  const documents = said.map((one, n) => testDocument(n, { rights: { ...rights, ...one, meta_robots: [...('meta_robots' in one ? one.meta_robots : [])] } }))
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents })
  const { entry } = await run(world)
  expect((await documentsOf(world, entry)).map(({ id }) => id)).toEqual([testDocument(7).id])
  expect(entry?.manifest.dropped).toEqual({ noindex: 2, noai: 1, tdm_reserved: 1, ai_txt_disallowed: 1, ai_train_disallowed: 2 })
})

test('a shard that is not what its manifest says is left out with its reason, the others are taken', async () => {
  await using world = await shardWorld()
  const liar = await world.signer('liar')
  await putShard(world, { signer: await world.signer('honest'), jobId: 'one', documents: testDocuments(5) })
  const lie = (jobId: string, claim: Parameters<typeof putShard>[1]['claim'] & object) =>
    putShard(world, { signer: liar, jobId, documents: testDocuments(6), claim })
  await lie('sha256', (m) => ({ ...m, file: { ...m.file, sha256: sha256Hex('other') } }))
  await lie('bytes', (m) => ({ ...m, file: { ...m.file, bytes: m.file.bytes + 1 } }))
  await lie('rows', (m) => ({ ...m, file: { ...m.file, rows: 7 } }))
  await lie('gone', (m) => ({ ...m, file: { ...m.file, key: m.file.key.replace('_6_', '_8_') } }))
  await lie('huge', (m) => ({ ...m, file: { ...m.file, bytes: 2 ** 31 } }))
  await lie('key', (m) => ({ ...m, file: { ...m.file, key: '../../etc/passwd' } }))
  const labels = Array.from({ length: 1001 }, (_, n) => testDocument(n, { text: `page ${n} of many`, label: `label ${n}` }))
  await putShard(world, { signer: liar, jobId: 'labels', documents: labels })
  const stolen = await putShard(world, { signer: liar, jobId: 'stolen', documents: testDocuments(7) })
  await world.catalog.commit(lineage.shard('5Other', 'stolen'), undefined, { ...stolen, parent: null })
  await world.catalog.commit(lineage.shard(liar.address, 'stolen'), (await world.catalog.head(lineage.shard(liar.address, 'stolen')))?.sha256, {
    ...stolen,
    parent: (await world.catalog.head(lineage.shard(liar.address, 'stolen')))?.sha256 ?? null,
  })
  const garbage = Buffer.from('PAR1 this is no table PAR1')
  const garbageKey = (
    await lie('garbage', (m) => ({ ...m, file: { ...m.file, sha256: sha256Hex(garbage), bytes: garbage.length, key: m.file.key.replace('_6_', '_9_') } }))
  ).file.key
  await world.store.put(garbageKey, garbage)

  const { entry } = await run(world)

  expect(entry?.manifest.documents).toBe(5)
  expect(skipped(world).toSorted()).toEqual(
    [
      'bad_signature',
      'missing_object',
      'too_large',
      'too_many_labels',
      'unreadable',
      'wrong_key',
      'wrong_line',
      'wrong_rows',
      'wrong_sha256',
      'wrong_size',
    ].toSorted(),
  )
})

test("another miner's file under one's own name gives nothing and takes nothing", async () => {
  await using world = await shardWorld()
  const [owner, thief] = [await world.signer('owner'), await world.signer('thief')]
  const { file } = await putShard(world, { signer: owner, jobId: 'one', documents: testDocuments(5) })
  const before = await run(world)
  const bytes = await world.store.get(file.key)
  const theft = await putShard(world, {
    signer: thief,
    jobId: 'one',
    documents: testDocuments(1),
    claim: (m) => ({ ...m, file: { ...file, key: m.file.key.replace('_1_', '_5_') } }),
  })
  await world.store.put(theft.file.key, bytes)
  expect(await run(world)).toEqual({ changed: false, entry: before.entry })
})

/** A store whose power goes after so many writes. */
function failingAfter(puts: number, world: ShardWorld): ShardWorld['store'] {
  let left = puts
  return { ...world.store, put: (key, body) => (left-- > 0 ? world.store.put(key, body) : Promise.reject(new Error('power cut'))) }
}

async function fill(world: ShardWorld): Promise<void> {
  for (const name of ['a', 'b']) await putShard(world, { signer: await world.signer(name), jobId: 'one', documents: testDocuments(20) })
}

test('a run cut off anywhere leaves no version, and the next one makes the same as if nothing had happened', async () => {
  await using calm = await shardWorld()
  await fill(calm)
  const expected = await run(calm, { rowsPerFile: 8 })
  const writes = 2 * 2 + 3 // a staged part and its marker for each shard, then three files
  for (let puts = 0; puts < writes; puts++) {
    await using world = await shardWorld()
    await fill(world)
    await expect(run(world, { rowsPerFile: 8, store: failingAfter(puts, world) })).rejects.toThrow('power cut')
    expect(await world.catalog.head(lineage.dataset('web'))).toBeUndefined()
    expect((await run(world, { rowsPerFile: 8 })).entry?.sha256).toBe(expected.entry?.sha256)
  }
})

test('two processes that ingest at once make one version', async () => {
  await using world = await shardWorld()
  await fill(world)
  const outcomes = await Promise.allSettled([run(world), run(world)])
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(refused.map(({ reason }) => reason.code)).toEqual(refused.map(() => 'conflict'))
  expect(await world.catalog.history(lineage.dataset('web'), { limit: 100 })).toHaveLength(1)
})

test('what was staged for shards of the past is swept away', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  const staged = async (): Promise<number> => (await readdir(join(world.dir, 'objects', 'clean', 'web'))).length
  await putShard(world, { signer, jobId: 'one', documents: testDocuments(3) })
  await run(world)
  await putShard(world, { signer, jobId: 'one', documents: testDocuments(4) })
  await run(world)
  const objects = await Array.fromAsync(world.store.list('clean/web/'))
  expect(new Set(objects.map(({ key }) => key.split('/')[2])).size).toBe(1)
  expect(await staged()).toBeGreaterThan(0)
})

test('a store that fails is no fault of the shard', async () => {
  await using world = await shardWorld()
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(3) })
  const failure = new OrreryError('store_unavailable', 'The store is away; try again.')
  await expect(run(world, { store: { ...world.store, get: () => Promise.reject(failure) } })).rejects.toBe(failure)
  expect(skipped(world)).toEqual([])
})

test('the signal ends it', async () => {
  await using world = await shardWorld()
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(3) })
  await expect(run(world, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
})
