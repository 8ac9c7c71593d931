import { readdir, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { shardWorld, type GoldenShard, type ShardWorld } from '#test/golden/shards.ts'
import { putVersion } from '#test/golden/versions.ts'
import { manualClock } from '#test/manual-clock.ts'
import type { DatasetEntry } from '../../versions.ts'
import type { DatasetQuery, Filters } from '../dataset-query.ts'
import { openDatasetQuery } from '../open-dataset-query.ts'

const signal = new AbortController().signal
const open = (world: ShardWorld) => openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() })
const folderOf = (world: ShardWorld) => join(world.queryFolder, 'web')
const indexFile = async (world: ShardWorld) => (await readdir(folderOf(world))).filter((name) => /^rows-.*sqlite$/.test(name))
const shard = (from: number, to: number, deletes: number[] = []): GoldenShard => ({ documents: testDocuments(to).slice(from), deletes })
const ask = async (query: DatasetQuery, entry: DatasetEntry, filters: Filters = {}) => {
  const page = await query.page(entry, { filters, sort: 'datetime', limit: 1000 })
  return { numbers: page.documents.map(({ document }) => Number(document.title.slice(5))), partial: page.partial, noMatch: page.noMatch }
}
const word = (n: number) => testDocument(n).text.split(' ')[3] as string
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)
const whole = (numbers: number[]) => ({ numbers, partial: null, noMatch: [] })

test('every kept version is answered as it was, whatever came and went since', async () => {
  await using world = await shardWorld()
  await using query = open(world)
  const first = await putVersion(world, { a: [shard(0, 4), shard(4, 8)], b: [shard(8, 10)] })
  const second = await putVersion(world, { a: [shard(0, 4, [1]), shard(4, 8)], b: [shard(8, 10)] })
  await query.follow(second, signal)
  const third = await putVersion(world, { a: [shard(0, 4), shard(4, 8, [0, 1])], c: [shard(10, 12)] })
  await query.follow(third, signal)
  expect(await ask(query, first)).toEqual(whole(range(0, 10)))
  expect(await ask(query, second)).toEqual(whole([0, 2, 3, 4, 5, 6, 7, 8, 9]))
  expect(await ask(query, third)).toEqual(whole([0, 1, 2, 3, 6, 7, 10, 11]))
  expect((await ask(query, second, { q: word(1) })).numbers).not.toContain(1)
  expect((await ask(query, third, { q: word(1) })).numbers).toContain(1)
  expect((await ask(query, third, { q: word(9) })).numbers).not.toContain(9)
})

test('what no kept version has is forgotten', async () => {
  await using world = await shardWorld()
  await using query = open(world)
  await query.follow(await putVersion(world, { a: [shard(0, 6)] }), signal)
  await query.follow(await putVersion(world, { a: [shard(0, 6, [0, 1, 2])] }), signal)
  await world.catalog.expire(lineage.dataset('web'), { keepNewest: 1, before: Number.MAX_SAFE_INTEGER })
  const last = await putVersion(world, { a: [shard(0, 6, [0, 1, 2])], b: [shard(6, 7)] })
  await world.catalog.expire(lineage.dataset('web'), { keepNewest: 1, before: Number.MAX_SAFE_INTEGER })
  await query.follow(last, signal)
  expect(await ask(query, last)).toEqual(whole([3, 4, 5, 6]))
  const [name = ''] = await indexFile(world)
  using db = new DatabaseSync(join(folderOf(world), name))
  expect(db.prepare('select count(*) as n from rows').get()).toEqual({ n: 4 })
  expect(db.prepare('select count(*) as n from documents').get()).toEqual({ n: 4 })
})

/** What an index says, without how it numbers what it says. */
async function contentOf(world: ShardWorld): Promise<{ rows: unknown[]; facts: unknown[] }> {
  const names = await indexFile(world)
  using db = new DatabaseSync(join(folderOf(world), names.at(-1) ?? ''))
  const rows = db.prepare(
    `select key, position, since, until, hex(id) as id, uri, l.value as label, h.value as host, datetime, quality, hex(packed) as packed from rows
     join documents using (number) join files on files.number = file join names l on l.number = label join names h on h.number = host order by key, position, since`,
  )
  return { rows: rows.all(), facts: db.prepare('select * from facts').all() }
}

test('a random history ends in the same answers whether it was followed step by step or all at once', async () => {
  await using world = await shardWorld()
  await using query = open(world)
  const random = seededRandom(3)
  const entries: DatasetEntry[] = []
  const expected: number[][] = []
  for (let version = 0; version < 8; version++) {
    const miners: Record<string, GoldenShard[]> = {}
    const live: number[] = []
    for (const [place, hotkey] of ['a', 'b', 'c'].entries()) {
      if (random() < 0.2) continue
      const shards = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, n) => ({
        from: 40 * place + 10 * n,
        deletes: range(0, 10).filter(() => random() < 0.3),
      }))
      miners[hotkey] = shards.map(({ from, deletes }) => shard(from, from + 10, deletes))
      for (const { from, deletes } of shards) for (const n of range(0, 10)) if (!deletes.includes(n)) live.push(from + n)
    }
    const entry = await putVersion(world, miners)
    entries.push(entry)
    expected.push(live)
    if (random() < 0.6) await query.follow(entry, signal)
  }
  for (const [n, entry] of entries.entries()) expect(await ask(query, entry)).toEqual(whole(expected[n] ?? []))
  await using other = openDatasetQuery({ ...world, folder: join(world.dir, 'other'), clock: manualClock() })
  for (const [n, entry] of entries.entries()) expect((await ask(other, entry)).numbers).toEqual(expected[n])
})

test.each<[string, (path: string) => Promise<void>]>([
  ['is cut off', (path) => truncate(path, 5000)],
  ['is no database', (path) => writeFile(path, 'no database at all')],
  ['is empty', (path) => truncate(path, 0)],
  ['has a list of words that was not written so', async (path) => withDatabase(path, `update words set postings = x'0100ff'`)],
  ['has a document that was not written so', async (path) => withDatabase(path, `update documents set packed = x'28b52ffd'`)],
  ['has a row of another label', async (path) => withDatabase(path, 'update rows set label = label + 256 where position = 3')],
  ['has a row that ended before it began', async (path) => withDatabase(path, 'update rows set until = since where position = 3')],
])('an index that %s is made anew', async (_, damage) => {
  await using world = await shardWorld()
  const entry = await putVersion(world, { a: [shard(0, 6)] })
  const question: Filters = { q: testDocument(3).text.split(' ')[5] as string, label: 'example' }
  {
    await using query = open(world)
    expect((await ask(query, entry, question)).numbers).toContain(3)
  }
  const [name = ''] = await indexFile(world)
  await damage(join(folderOf(world), name))
  await using query = open(world)
  expect((await ask(query, entry, question)).numbers).toContain(3)
  expect(await ask(query, entry)).toEqual(whole(range(0, 6)))
})

function withDatabase(path: string, sql: string): void {
  using db = new DatabaseSync(path)
  db.exec(sql)
}

test('an index of an older format answers until there is one of this', async () => {
  await using world = await shardWorld()
  const entry = await putVersion(world, { a: [shard(0, 6)] })
  {
    await using query = open(world)
    await query.follow(entry, signal)
  }
  await rename(join(folderOf(world), 'rows-2-1.sqlite'), join(folderOf(world), 'rows-0-1.sqlite'))
  await using query = open(world)
  expect(await ask(query, entry)).toEqual(whole(range(0, 6)))
  expect(await indexFile(world)).toEqual(['rows-0-1.sqlite'])
  await query.follow(entry, signal)
  expect(await indexFile(world)).toEqual(['rows-2-2.sqlite'])
  expect(await ask(query, entry)).toEqual(whole(range(0, 6)))
})

test('while an index is being made some wait for it, and the others have what there is', async () => {
  await using world = await shardWorld()
  const { promise: gate, resolve: letThrough } = Promise.withResolvers<void>()
  let isClosed = false
  const get: typeof world.store.get = async (...args) => (isClosed ? gate : Promise.resolve()).then(() => world.store.get(...args))
  const store = { ...world.store, get }
  const clock = { ...world.pace, sleep: () => gate }
  await using query = openDatasetQuery({ ...world, store, folder: world.queryFolder, clock })
  await query.follow(await putVersion(world, { a: [shard(0, 4)] }), signal)
  const entry = await putVersion(world, { a: [shard(0, 4), shard(4, 6)] })
  isClosed = true
  const answered: unknown[] = []
  const asking = range(0, 20).map(async () => answered.push((await ask(query, entry)).partial))
  await expect.poll(() => answered.length).toBe(16)
  expect(answered.every((partial) => isDeepStrictEqual(partial, { documents: 4 }))).toBe(true)
  await expect(query.document(entry, testDocument(5).id)).rejects.toMatchObject({ code: 'store_unavailable' })
  letThrough()
  await Promise.all(asking)
  await query.follow(entry, signal)
  expect(await ask(query, entry)).toEqual(whole(range(0, 6)))
})

test('two on one folder: one writes, both answer', async () => {
  await using world = await shardWorld()
  await using one = open(world)
  await using other = open(world)
  for (const to of [4, 6, 9]) {
    const entry = await putVersion(world, { a: [shard(0, to)] })
    await Promise.allSettled([one.follow(entry, signal), other.follow(entry, signal)])
    expect(await Promise.all([ask(one, entry), ask(other, entry)])).toEqual([whole(range(0, to)), whole(range(0, to))])
  }
  // Each version has another file.
  expect((await contentOf(world)).rows).toHaveLength(4 + 6 + 9)
})

test('a file that is gone costs its own documents, and is looked for again with the next version', async () => {
  await using world = await shardWorld()
  await using query = open(world)
  const first = await putVersion(world, { a: [shard(0, 4), shard(4, 8)] })
  const key = (await Array.fromAsync(world.store.list('data/'))).map((object) => object.key)
  const lost = key.find((each) => each.endsWith('.parquet')) ?? ''
  const bytes = await world.store.get(lost)
  await world.store.delete(lost)
  const { numbers, partial } = await ask(query, first)
  expect([numbers.length, partial]).toEqual([4, { documents: 4 }])
  expect(world.events.filter(({ name }) => name === 'dataset.file_unreadable').map(({ fields }) => fields['key'])).toEqual([lost])
  expect((await query.statement(first, 'select count(*) as n from documents', { rowsMax: 1, bytesMax: 1000, cut: false, timeoutMs: 60_000 })).rows).toEqual([
    { n: 4n },
  ])
  await world.store.put(lost, bytes)
  const second = await putVersion(world, { a: [shard(0, 4), shard(4, 8)], b: [shard(8, 9)] })
  expect(await ask(query, second)).toEqual(whole(range(0, 9)))
})

test('a file that is damaged since costs a statement its own documents, and nobody is told where it lies', async () => {
  await using world = await shardWorld()
  await using query = open(world)
  const entry = await putVersion(world, { a: [shard(0, 40), shard(40, 44)] })
  const [large] = (await Array.fromAsync(world.store.list('data/'))).toSorted((a, b) => b.bytes - a.bytes)
  const bytes = Uint8Array.from(await world.store.get(large?.key ?? ''))
  // All pages, and not the footer.
  bytes.fill(0xa5, 4, bytes.length - new DataView(bytes.buffer).getUint32(bytes.length - 8, true) - 8)
  await world.store.delete(large?.key ?? '')
  await world.store.put(large?.key ?? '', bytes)
  const bounds = { rowsMax: 100, bytesMax: 1e6, cut: false, timeoutMs: 60_000 }
  const ask = () => query.statement(entry, 'select id from documents where text_bytes > 0', bounds)
  expect((await ask()).rows).toHaveLength(4)
  expect((await ask()).rows).toHaveLength(4)
  expect(world.events.filter(({ name }) => name === 'dataset.file_unreadable').map(({ fields }) => fields['key'])).toEqual([large?.key])
  const own = query.statement(entry, `select cast(id || ' read file "/x"' as int) as x from documents`, bounds)
  await expect(own).rejects.toMatchObject({ code: 'data_unreadable', message: expect.not.stringContaining('/') })
})

test('what nothing can match is said, with the nearest there is', async () => {
  await using world = await shardWorld()
  await using query = open(world)
  const entry = await putVersion(world, {
    a: [{ documents: [testDocument(0, { label: 'constructor' }), testDocument(1, { label: '__proto__', lang: 'en' })] }],
  })
  expect((await ask(query, entry, { label: 'constructer', lang: 'fr' })).noMatch).toEqual([
    { field: 'label', value: 'constructer', nearest: ['constructor'] },
    { field: 'lang', value: 'fr', nearest: [] },
  ])
  for (const lang of ['en-US', 'EN_gb', 'English', 'eng'])
    expect((await ask(query, entry, { lang })).noMatch).toMatchObject([{ field: 'lang', nearest: ['en'] }])
  expect((await ask(query, entry, { lang: 'Englisch?' })).noMatch).toMatchObject([{ field: 'lang', nearest: [] }])
  expect((await ask(query, entry, { host: 'host1.exmaple' })).noMatch).toMatchObject([{ field: 'host', nearest: ['host1.example', 'host0.example'] }])
  expect((await ask(query, entry, { label: '__proto__' })).numbers).toEqual([1])
  expect(await query.facets(entry, {}, ['label', 'host', 'licence'], 1)).toEqual([
    { field: 'label', values: [{ value: 'constructor', documents: 1 }], distinct: 2 },
    { field: 'host', values: [{ value: 'host0.example', documents: 1 }], distinct: 2 },
    { field: 'licence', values: [{ value: 'MIT', documents: 1 }], distinct: 1 },
  ])
})

test('a page goes on with its own question alone, and the same whatever comes in meanwhile', async () => {
  await using world = await shardWorld()
  await using query = open(world)
  const texts = range(0, 40).map((n) => `stone ${'moss '.repeat(1 + (n % 7))} ${'river '.repeat(n % 5)} and the number ${n} of many`)
  const documents = texts.map((text, n) => testDocument(n, { text }))
  const first = await putVersion(world, { a: [{ documents: documents.slice(0, 20) }] })
  const question = { filters: { q: 'stone moss' }, sort: 'relevance', limit: 7 } as const
  const all = await query.page(first, { ...question, limit: 100 })
  const page = await query.page(first, question)
  await expect(query.page(first, { ...question, filters: { q: 'stone' }, after: page.next ?? '' })).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(query.page(first, { ...question, sort: 'id', after: page.next ?? '' })).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(query.page(first, { ...question, after: 'bm9uZQ' })).rejects.toMatchObject({ code: 'invalid_argument' })
  await query.follow(await putVersion(world, { a: [{ documents: documents.slice(0, 20) }, { documents: documents.slice(20) }] }), signal)
  const ids = page.documents.map(({ document }) => document.id)
  for (let { next } = page; next !== null;) {
    const more = await query.page(first, { ...question, after: next })
    for (const { document } of more.documents) ids.push(document.id)
    next = more.next
  }
  expect(ids).toEqual(all.documents.map(({ document }) => document.id))
  expect(all.documents.map(({ score }) => score)).toEqual(all.documents.map(({ score }) => score).toSorted((a, b) => Number(b) - Number(a)))
})
