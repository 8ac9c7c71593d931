import { afterAll, beforeAll, expect, test } from 'vitest'
import { ingest } from '#dataset/ingest/ingest.ts'
import type { Document } from '#schemas/document.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { manualClock } from '#test/manual-clock.ts'
import type { DatasetEntry } from '../versions.ts'
import type { DatasetQuery, Filters, Question } from './dataset-query.ts'
import { openDatasetQuery } from './open-dataset-query.ts'

const signal = new AbortController().signal
const openQuery = (world: ShardWorld) => openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() })
async function makeVersion(world: ShardWorld, documents: readonly Document[], deletes: readonly number[] = []) {
  await putSnapshot(world, { signer: await world.signer('a'), jobId: 'one', shards: [{ documents, deletes }] })
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  if (!entry) throw new Error('there is no version')
  return entry
}
const asking = (filters: Filters, more: Partial<Question> = {}): Question => ({ filters, sort: 'id', limit: 50, ...more })
const sortedIds = (documents: readonly Document[]): string[] => documents.map(({ id }) => id).toSorted()

test('pages follow each other by id, each document once', async () => {
  await using world = await shardWorld()
  await using asked = openQuery(world)
  const documents = testDocuments(30)
  const made = await makeVersion(world, documents)
  const ids: string[] = []
  for (let after: string | undefined; ;) {
    const page = await asked.page(made, asking({}, { limit: 7, after }))
    expect(page).toMatchObject({ total: { documents: 30, isExact: true }, noMatch: [], partial: null })
    for (const { document } of page.documents) ids.push(document.id)
    if (page.next === null) break
    after = page.next
  }
  expect(ids).toEqual(sortedIds(documents))
  const found = await asked.document(made, ids[3] ?? '')
  const { minhash: _, ...shown } = documents.find(({ id }) => id === ids[3]) as Document
  expect({ ...found?.document, hotkey: shown.hotkey, job_id: shown.job_id }).toEqual(shown)
  const numbers = await asked.rowNumbers(made, [{ file: found?.file ?? '', row: found?.row ?? 0 }])
  expect((await asked.rowsAt(made, numbers[0] ?? -1, 1, { textBytesMax: 1e6 }))[0]?.id).toBe(ids[3])
})

/** Of documents 0 to 5 and three odd ones; read-only, so that all questions share it. */
const odd = [
  testDocument(40, { label: 'other', text: 'ΣΊΣΥΦΟΣ rolls the stone in the café on the STRAẞE for ever and ever' }),
  testDocument(41, { lang: 'de', text: '東京都に住んでいます。 This is a text about the capital of Japan, where many live.' }),
  testDocument(42, { text: 'where is the Needle in all this hay, the sharp needle of which nobody knows' }),
]
const shared = new AsyncDisposableStack()
let query: DatasetQuery
let entry: DatasetEntry
beforeAll(async () => {
  const world = shared.use(await shardWorld())
  query = shared.use(openQuery(world))
  entry = await makeVersion(world, [...testDocuments(6), ...odd])
})
afterAll(() => shared.disposeAsync())

test.each<[Filters, number[]]>([
  [{ label: 'OTHER' }, [40]],
  [{ host: 'HOST1.example.', label: 'example' }, [1, 4]],
  [{ host: 'https://host1.example:443/' }, [1, 4, 40]],
  [{ host: 'host1.example:443' }, [1, 4, 40]],
  [{ host: 'host1.example:8080' }, []],
  [{ host: 'no host' }, []],
  [{ lang: 'DE' }, [41]],
  [{ licence: 'mit' }, [0, 2, 4, 40, 42]],
  [{ source: 'web', label: 'other' }, [40]],
  [{ minQuality: 1.1 }, []],
  [{ uri: 'HTTPS://host2.example:443/page/2#part' }, [2]],
  [{ uri: 'https://host2.example/page/2', q: 'needle' }, []],
  [{ from: Date.UTC(2026, 0, 5, 0, 3), to: Date.UTC(2026, 0, 5, 0, 5) }, [3, 4]],
  [{ q: 'σίσυφος' }, [40]],
  [{ q: 'cafe\u0301 strasse' }, [40]],
  [{ q: 'cafe' }, []],
  [{ q: '京都' }, [41]],
  [{ q: '京' }, [41]],
  [{ q: 'needle hay' }, [42]],
  [{ q: 'needle nothing' }, []],
  [{ q: '"sharp needle"' }, [42]],
  [{ q: '"hay needle"' }, []],
  [{ q: 'page 42' }, [42]],
  [{ q: 'NEAR(needle, hay) OR title:* ^x' }, []],
  [{ q: `'; drop table rows; -- needle` }, []],
])('%j finds %j', async (filters, expected) => {
  const { documents: found } = await query.page(entry, asking(filters, filters.q === undefined ? {} : { sort: 'relevance' }))
  expect(found.map(({ document }) => Number(document.title.slice(5))).toSorted((a, b) => a - b)).toEqual(expected)
})

test.each<[Partial<Question>, RegExp]>([
  [{ limit: 0 }, /limit/],
  [{ limit: 1001 }, /limit/],
  [{ sort: 'relevance' }, /relevance/],
  [{ filters: { q: '" . , "' } }, /no word/],
])('%j is refused', async (wrong, message) => {
  await expect((async () => query.page(entry, asking({}, wrong)))()).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringMatching(message),
  })
})

test('texts are cut where all those before have taken what may be taken, at a character', async () => {
  const { documents } = await query.page(entry, asking({ label: 'other' }))
  const [cut] = await query.texts(entry, documents, { textBytesMax: 3 })
  expect(cut).toEqual({ text: 'Σ', markdown: null })
  await expect(query.texts(entry, [{ file: '../../etc/passwd', row: 0 }], { textBytesMax: 3 })).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(query.documentsAt(entry, [{ file: documents[0]?.file ?? '', row: -1 }], { textBytesMax: 3 })).rejects.toMatchObject({ code: 'invalid_argument' })
})

const bounds = { rowsMax: 1000, bytesMax: 1e6, cut: false, timeoutMs: 60_000 }
test('a statement sees the live rows of its version, and where they stand as rowsAt has them', async () => {
  await using world = await shardWorld()
  await using asked = openQuery(world)
  const first = await makeVersion(world, testDocuments(10))
  const second = await makeVersion(world, testDocuments(10), [2, 5])
  const counts = 'select count(*) as n, count(distinct id) as ids from documents'
  expect((await asked.statement(first, counts, bounds)).rows).toEqual([{ n: 10n, ids: 10n }])
  expect((await asked.statement(second, counts, bounds)).rows).toEqual([{ n: 8n, ids: 8n }])
  const placed = 'select id, object_index, object_key as file, object_row as "row" from train order by object_index, object_row'
  const { columns, rows } = await asked.statement(second, placed, bounds)
  expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual(['id VARCHAR', 'object_index INTEGER', 'file VARCHAR', 'row BIGINT'])
  const places = rows.map(({ file, row }) => ({ file: String(file), row: Number(row) }))
  expect(await asked.rowNumbers(second, places)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  const ids = rows.map(({ id }) => id)
  expect((await asked.rowsAt(second, 0, 100, { textBytesMax: 1e6 })).map(({ id }) => id)).toEqual(ids)
  expect((await asked.documentsAt(second, places.toReversed(), { textBytesMax: 1e6 })).map(({ id }) => id)).toEqual(ids.toReversed())
  await expect(asked.statement(second, 'select minhash from documents', bounds)).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(asked.statement(second, 'select id from documents', { ...bounds, rowsMax: 7 })).rejects.toMatchObject({ code: 'too_large' })
  expect(await asked.statement(second, 'select ? as x, id from documents order by id', { ...bounds, parameters: ['a'], rowsMax: 2, cut: true })).toMatchObject({
    isCut: true,
    rows: [{ x: 'a' }, { x: 'a' }],
  })
})
