import { expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import type { Signer } from '#schemas/chain.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { lineage } from '#schemas/lineage.ts'
import { readDocuments } from '#dataset/documents.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { prose, testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, putShard, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { ingest, type IngestRequest } from './ingest.ts'
import { openTrust } from './trust.ts'

const never = new AbortController().signal
const run = (world: ShardWorld, parts: Partial<IngestRequest> = {}) => ingest({ ...world, name: 'web', origin: goldenOrigin, signal: never, ...parts })
/** The miners are its own. */
const runOwn = async (world: ShardWorld, ...names: string[]) => {
  const hotkeys = new Set((await Promise.all(names.map(world.signer))).map(({ address }) => address))
  return run(world, { trust: async () => ({ ...openTrust, policy: 'own', hotkeys }) })
}
const documentsOf = (world: ShardWorld, entry: DatasetEntry | undefined): Promise<Document[]> =>
  entry ? Array.fromAsync(readDocuments(world.store, entry.manifest, never)) : Promise.resolve([])
const skipped = (world: ShardWorld): unknown[] => world.events.filter(({ name }) => name === 'dataset.shard_skipped').map(({ fields }) => fields['reason'])

const idsOf = async (world: ShardWorld, entry: DatasetEntry | undefined): Promise<string[]> => (await documentsOf(world, entry)).map(({ id }) => id).toSorted()
const sortedIds = (documents: readonly Document[]): string[] => documents.map(({ id }) => id).toSorted()
const versionOf = (entry: DatasetEntry | undefined) => {
  if (entry?.kind !== 'version') throw new Error('there is no version')
  return entry.manifest
}

test('the snapshots of all miners become one dataset of their own bytes, with counts that add up', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  await putShard(world, { signer: a, jobId: 'one', documents: testDocuments(30) })
  await putShard(world, { signer: a, jobId: 'two', documents: [testDocument(100, { label: 'other' })] })
  const { files } = await putShard(world, { signer: b, jobId: 'one', documents: [...testDocuments(10), testDocument(200)] })

  const { changed, entry } = await run(world)

  const manifest = versionOf(entry)
  const documents = await documentsOf(world, entry)
  expect(changed).toBe(true)
  expect(sortedIds(documents)).toEqual(sortedIds([...testDocuments(30), testDocument(100), testDocument(200)]))
  expect(manifest).toMatchObject({
    name: 'web',
    parent: null,
    documents: 32,
    labels: [
      ['example', 31],
      ['other', 1],
    ],
    dropped: [['duplicate', 10]],
    gone: null,
    text_bytes: documents.reduce((sum, { text_bytes }) => sum + text_bytes, 0),
  })
  expect((await groupsOf(world, entry)).map(({ job_id, documents }) => [job_id, documents]).toSorted()).toEqual(
    [
      ['one', 30],
      ['one', 1],
      ['two', 1],
    ].toSorted(),
  )
  const [own] = files
  expect(await world.store.get(`datasets/web/data/${own?.file.sha256}.parquet`)).toEqual(await world.store.get(own?.file.key ?? ''))
  const told = world.events.find(({ name }) => name === 'dataset.version')
  expect(told?.fields).toMatchObject({ documents: 32, version: 1, dropped: { duplicate: 10 } })
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

test('of copies of one text that its own miners bring together the oldest published is kept, then the smallest uri', async () => {
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
  const { entry } = await runOwn(world, 'a', 'b')
  expect((await documentsOf(world, entry)).map(({ uri }) => uri)).toEqual(['https://b.example/'])
  expect(entry?.manifest.dropped).toEqual([['duplicate', 3]])
})

const handbook = (folder: string, of: string): Document =>
  testDocument(1, { text: of, lang: 'en', uri: `https://docs.example/${folder}`, published_at: new Date('2026-01-01') })

test('of copies of one date that its own miners bring together the one is kept whose address names the language of its text', async () => {
  await using world = await shardWorld()
  const [text, nearly] = [prose(1), prose(7, 400)]
  const copies = [handbook('el-GR/a', text), handbook('?b=1&lang=el', `${nearly} and a tail`)]
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: copies })
  await putShard(world, { signer: await world.signer('b'), jobId: 'one', documents: [handbook('en-US/a', text), handbook('x/b.en.html', nearly)] })
  await putShard(world, { signer: await world.signer('c'), jobId: 'one', documents: [handbook('a', text), handbook('b', `${nearly} and more`)] })
  const { entry } = await runOwn(world, 'a', 'b', 'c')
  expect((await documentsOf(world, entry)).map(({ uri }) => uri).toSorted()).toEqual(['https://docs.example/en-US/a', 'https://docs.example/x/b.en.html'])
})

test('near-duplicates of different miners become one document, different texts stay', async () => {
  await using world = await shardWorld()
  const text = prose(7, 400)
  const early = { published_at: new Date('2026-01-01') }
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: [testDocument(1, { text: `${text} and a tail` }), testDocument(2)] })
  await putShard(world, { signer: await world.signer('b'), jobId: 'one', documents: [testDocument(3, { text, ...early }), testDocument(4)] })
  const { entry } = await runOwn(world, 'a', 'b')
  expect(await idsOf(world, entry)).toEqual([contentId(text), testDocument(2).id, testDocument(4).id].toSorted())
  expect(entry?.manifest.dropped).toEqual([['duplicate', 1]])
})

test('a label that an object has by itself is a label like any other', async () => {
  await using world = await shardWorld()
  const documents = [testDocument(1, { label: 'constructor' }), testDocument(2, { label: 'constructor' }), testDocument(3, { label: 'tostring' })]
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents })
  expect((await run(world)).entry?.manifest.labels).toEqual([
    ['constructor', 2],
    ['tostring', 1],
  ])
})

test('what a row says of itself must be so, or it costs itself', async () => {
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
    testDocument(7, { text: 'Line one \r\nline two\n\n\n\nend', id: contentId('Line one\nline two\n\nend') }),
    testDocument(10, { text_bytes: 5 }),
    testDocument(12, { uri: 'javascript:alert(1)', host: 'host0.example' }),
    testDocument(13, { host: 'crowd.example' }),
    testDocument(11),
  ]
  await putShard(world, { signer: a, jobId: 'one', documents })
  await putShard(world, { signer: b, jobId: 'one', documents: [victim] })
  const { entry } = await run(world)
  expect(await idsOf(world, entry)).toEqual([victim.id, testDocument(11).id].toSorted())
  expect(Object.fromEntries(versionOf(entry).dropped)).toEqual({
    id_mismatch: 1,
    signature_mismatch: 1,
    size_mismatch: 1,
    tdm_reserved: 1,
    no_words: 1,
    empty: 1,
    published_at_invalid: 1,
    title_too_large: 1,
    not_normalized: 1,
    uri_invalid: 1,
    host_mismatch: 1,
  })
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
  expect(await idsOf(world, entry)).toEqual([testDocument(7).id])
  expect(Object.fromEntries(versionOf(entry).dropped)).toEqual({ noindex: 2, noai: 1, tdm_reserved: 1, ai_txt_disallowed: 1, ai_train_disallowed: 2 })
})

/** As `putShard`, but for what is said of its one file. */
const lieOf =
  (world: ShardWorld, signer: Signer) =>
  (jobId: string, of: Partial<DataFile> | ((file: DataFile) => Partial<DataFile>), documents = testDocuments(6)) =>
    putShard(world, {
      signer,
      jobId,
      documents,
      claim: (m) => ({ ...m, files: m.files.map(({ file, deletes }) => ({ file: { ...file, ...(typeof of === 'function' ? of(file) : of) }, deletes })) }),
    })

test('a snapshot or file that is not what is said of it is left out with its reason, the others are taken', async () => {
  await using world = await shardWorld()
  const liar = await world.signer('liar')
  await putShard(world, { signer: await world.signer('honest'), jobId: 'one', documents: testDocuments(5) })
  const lie = lieOf(world, liar)
  await lie('sha256', { sha256: sha256Hex('other') })
  await lie('bytes', ({ bytes }) => ({ bytes: bytes + 1 }))
  await lie('rows', { rows: 7 })
  await lie('gone', ({ key }) => ({ key: key.replace('_6_', '_8_'), sha256: sha256Hex('gone') }))
  await lie('huge', { bytes: 2 ** 31 })
  await lie('key', { key: '../../etc/passwd' })
  const stolen = await putShard(world, { signer: liar, jobId: 'stolen', documents: testDocuments(7) })
  await world.catalog.commit(lineage.snapshot('5Other', 'stolen'), undefined, { ...stolen, parent: null })
  const head = await world.catalog.head(lineage.snapshot(liar.address, 'stolen'))
  await world.catalog.commit(lineage.snapshot(liar.address, 'stolen'), head?.sha256, { ...stolen, parent: head?.sha256 ?? null })
  const garbage = Buffer.from('PAR1 this is no table PAR1')
  const { files } = await lie('garbage', ({ key }) => ({ sha256: sha256Hex(garbage), bytes: garbage.length, key: key.replace('_6_', '_9_') }))
  await world.store.put(files[0]?.file.key ?? '', garbage)

  const { entry } = await run(world)

  expect(entry?.manifest.documents).toBe(5)
  const reasons = ['bad_signature', 'missing_object', 'too_large', 'unreadable', 'unreadable', 'wrong_key', 'wrong_line', 'wrong_sha256', 'wrong_size']
  expect(skipped(world).toSorted()).toEqual(reasons)
})

test('a job that makes up labels loses the rows that have too many', async () => {
  await using world = await shardWorld()
  const documents = Array.from({ length: 103 }, (_, n) =>
    testDocument(n, { text: `page ${n} of many, all of them short and not alike ${prose(n, 5)}`, label: `label ${n}` }),
  )
  await putShard(world, { signer: await world.signer('liar'), jobId: 'labels', documents })
  expect(Object.fromEntries(versionOf((await run(world)).entry).dropped)).toEqual({ too_many_labels: 3 })
})

test("another miner's file under one's own name takes nothing and gives nothing", async () => {
  await using world = await shardWorld()
  const [owner, thief] = [await world.signer('owner'), await world.signer('thief')]
  const { files } = await putShard(world, { signer: owner, jobId: 'one', documents: testDocuments(5) })
  await run(world)
  const bytes = await world.store.get(files[0]?.file.key ?? '')
  const theft = await lieOf(world, thief)('one', ({ key }) => ({ ...files[0]?.file, key: key.replace('_1_', '_5_') }), testDocuments(1))
  await world.store.put(theft.files[0]?.file.key ?? '', bytes)
  const { entry } = await run(world)
  expect(await idsOf(world, entry)).toEqual(sortedIds(testDocuments(5)))
  expect(Object.fromEntries(versionOf(entry).dropped)).toEqual({ not_its_miner: 5 })
  // What the thief deletes or lets go of is not the owner's.
  await putSnapshot(world, { signer: thief, jobId: 'one', shards: [] })
  expect(await idsOf(world, (await run(world)).entry)).toEqual(sortedIds(testDocuments(5)))
  await putShard(world, { signer: owner, jobId: 'one', documents: testDocuments(5), deletes: [0] })
  expect(await idsOf(world, (await run(world)).entry)).toEqual(sortedIds(testDocuments(5).slice(1)))
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
  const expected = await run(calm)
  const writes = 2 + 1 + 2 // a copy of each file, the vector of the losers, a list for each job
  for (let puts = 0; puts < writes; puts++) {
    await using world = await shardWorld()
    await fill(world)
    await expect(run(world, { store: failingAfter(puts, world) })).rejects.toThrow('power cut')
    expect(await world.catalog.head(lineage.dataset('web'))).toBeUndefined()
    expect((await run(world)).entry?.sha256).toEqual(expected.entry?.sha256)
  }
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
