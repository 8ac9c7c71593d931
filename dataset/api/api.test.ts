import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen } from '#infra/net/server.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { lineage } from '#schemas/lineage.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { tokenize } from '#dataset/tokenize/tokenize.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { datasetOpenApi } from './openapi.ts'
import { datasetServer } from './server.ts'

const signal = new AbortController().signal
const makeVersion = async (world: ShardWorld, documents = testDocuments(30), jobId = 'one') => {
  const shards = Array.from({ length: Math.ceil(documents.length / 12) }, (_, n) => ({ documents: documents.slice(12 * n, 12 * n + 12) }))
  await putSnapshot(world, { signer: await world.signer('a'), jobId, shards })
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  if (entry?.kind !== 'version') throw new Error('there is no version')
  return entry
}
/** Asks the API on real backends. */
async function openApi(world: ShardWorld) {
  const app = await datasetServer(world)
  return {
    app,
    get: async (path: string) => {
      const { statusCode, body } = await app.inject({ url: path })
      return { status: statusCode, body: JSON.parse(body) }
    },
    [Symbol.asyncDispose]: () => app.close(),
  }
}
const sortedIds = (count: number): string[] =>
  testDocuments(count)
    .map(({ id }) => id)
    .toSorted()
const idsOf = ({ body }: { body: { documents: { id: string }[] } }): string[] => body.documents.map(({ id }) => id)

test('datasets, their versions and their tokens are listed', async () => {
  await using world = await shardWorld()
  await using api = await openApi(world)
  expect(await api.get('/v1/datasets')).toEqual({ status: 200, body: { datasets: [] } })
  await makeVersion(world)
  const second = await makeVersion(world, testDocuments(31))
  await tokenize({ ...world, name: 'web', tokenizer: 'o200k_base', origin: goldenOrigin, signal })

  const { body: listed } = await api.get('/v1/datasets')
  expect(listed.datasets).toMatchObject([{ name: 'web', version: 2, sha256: second.sha256, documents: 31, files: 3, labels: { example: 31 } }])
  const { body: one } = await api.get('/v1/datasets/web')
  expect(one).toMatchObject({
    version: 2,
    sources: [second.manifest.groups[0]?.snapshot],
    tokens: { version: 1, dataset: second.sha256, tokenizer: { name: 'o200k_base' }, shards: 3 },
  })
  expect(one.tokens.tokens).toBeGreaterThan(1000)
  const { body: history } = await api.get('/v1/datasets/web/versions')
  expect(history.versions.map(({ version }: { version: number }) => version)).toEqual([2, 1])
  expect((await api.get('/v1/datasets/web/versions?limit=1')).body.versions).toHaveLength(1)
})

test('pages follow each other by id, each document once, and stay with the version they began with', async () => {
  await using world = await shardWorld()
  await using api = await openApi(world)
  await makeVersion(world)
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page = await api.get(`/v1/datasets/web/documents?limit=7${cursor === null ? '' : `&cursor=${cursor}`}`)
    expect([page.status, page.body.version]).toEqual([200, 1])
    if (cursor === null) await makeVersion(world, testDocuments(60))
    ids.push(...idsOf(page))
    cursor = page.body.next_cursor
  } while (cursor !== null)
  expect(ids).toEqual(sortedIds(30))
  expect(idsOf(await api.get('/v1/datasets/web/documents?limit=200'))).toEqual(sortedIds(60))
  expect(idsOf(await api.get('/v1/datasets/web/documents?limit=200&version=1'))).toEqual(sortedIds(30))
})

/** Of documents 0 to 5 and three odd ones; read-only, so that all questions share it. */
const odd = [testDocument(40, { label: 'other' }), testDocument(41, { lang: 'de' }), testDocument(42, { text: 'where is the Needle in all this hay' })]
const shared = new AsyncDisposableStack()
let asked: Awaited<ReturnType<typeof openApi>>
beforeAll(async () => {
  const world = shared.use(await shardWorld())
  asked = shared.use(await openApi(world))
  await makeVersion(world, [...testDocuments(6), ...odd])
})
afterAll(() => shared.disposeAsync())

test.each([
  ['label=other', [40]],
  ['host=host1.example&label=example', [1, 4]],
  ['lang=de', [41]],
  ['uri=https://host2.example/page/2', [2]],
  ['uri=HTTPS://host2.example:443/page/2%23part', [2]],
  ['from=2026-01-05T00:03:00Z&to=2026-01-05T00:05:00Z', [3, 4]],
  ['from=2026-01-05T01:04:00%2B01:00&to=2026-01-05T00:05:00Z', [4]],
  ['q=NEEDLE', [42]],
  ["q=') OR 1=1 --", []],
  ["label=x' OR '1'='1", []],
])('documents?%s finds what fits', async (query, numbers) => {
  const byNumber = new Map([...testDocuments(6).entries(), ...odd.map((document, n) => [40 + n, document] as const)])
  const page = await asked.get(`/v1/datasets/web/documents?${encodeURI(query).replaceAll('%25', '%')}`)
  expect([page.status, idsOf(page)]).toEqual([200, numbers.map((n) => byNumber.get(n)?.id).toSorted()])
})

test('a document comes with its text and with the way back to its shard', async () => {
  await using world = await shardWorld()
  await using api = await openApi(world)
  const entry = await makeVersion(world, testDocuments(5))
  const { address } = await world.signer('a')
  const head = await world.catalog.head(lineage.snapshot(address, 'one'))
  const { minhash: _, ...wanted } = testDocument(3)
  const { status, body } = await api.get(`/v1/datasets/web/documents/${wanted.id}`)
  expect(status).toBe(200)
  expect(body.document).toEqual(JSON.parse(JSON.stringify({ ...wanted, hotkey: address, job_id: 'one' })))
  expect(body.provenance).toEqual({
    dataset: { name: 'web', version: 1, sha256: entry?.sha256 },
    hotkey: address,
    job_id: 'one',
    shard: {
      manifest: head?.sha256,
      key: head?.manifest.files[0]?.file.key,
      sha256: head?.manifest.files[0]?.file.sha256,
      written_at: '2026-01-21T00:00:00.000Z',
    },
  })
  const [first] = (await api.get('/v1/datasets/web/documents?limit=1')).body.documents
  expect(first.excerpt).toHaveLength(280)
  expect(first).not.toHaveProperty('text')
})

test('files come with a signed URL that gives their bytes', async () => {
  let origin = ''
  await using world = await shardWorld({ origin: () => origin })
  await using api = await openApi(world)
  origin = (await listen(api.app, { host: '127.0.0.1', port: 0, setting: 'test' })).origin
  await makeVersion(world)
  const { body } = await api.get('/v1/datasets/web/files')
  expect(body.files.map(({ name, rows }: { name: string; rows: number }) => [name, rows])).toEqual([
    [expect.stringMatching(/^[0-9a-f]{64}[.]parquet$/), 12],
    [expect.any(String), 12],
    [expect.any(String), 6],
  ])
  for (const { url, sha256, bytes } of body.files) {
    const file = new Uint8Array(await (await fetch(url)).arrayBuffer())
    expect([file.length, sha256Hex(file)]).toEqual([bytes, sha256])
  }
})

test('a store nobody serves gives files without URL', async () => {
  await using world = await shardWorld()
  await using api = await openApi(world)
  await makeVersion(world)
  expect((await api.get('/v1/datasets/web/files?version=1')).body.files.map(({ url }: { url: unknown }) => url)).toEqual([null, null, null])
})

test.each([
  ['/v1/datasets/none', 404, /\/v1\/datasets lists/],
  ['/v1/datasets/none/documents', 404, /no dataset "none"/],
  ['/v1/datasets/web/documents?version=9', 404, /newest is 1/],
  [`/v1/datasets/web/documents/${'0'.repeat(64)}`, 404, /has no document/],
  ['/v1/datasets/web/documents/xyz', 400, /64 lower-case hex/],
  ['/v1/datasets/web/documents?limit=201', 400, /limit.*200/],
  ['/v1/datasets/web/documents?limit=some', 400, /limit/],
  ['/v1/datasets/web/documents?from=yesterday', 400, /from: a time like/],
  ['/v1/datasets/web/documents?q=a', 400, /q/],
  [`/v1/datasets/web/documents?q=${'a'.repeat(201)}`, 400, /q/],
  ['/v1/datasets/web/documents?lable=x', 400, /lable/],
  ['/v1/datasets/web/documents?cursor=bm9uZQ', 400, /next_cursor/],
  [`/v1/datasets/web/documents?version=1&cursor=${Buffer.from(`[2,"${'0'.repeat(64)}"]`).toString('base64url')}`, 400, /belongs to version 2/],
  ['/v1/datasets/..%2f..%2fetc', 400, /dataset name/],
])('GET %s is answered %d with what to do', async (path, status, message) => {
  const answer = await asked.get(path)
  expect(answer.status).toBe(status)
  expect(answer.body.error.message).toMatch(message)
})

test('openapi.json is what the API says of itself (npm run openapi writes it)', async () => {
  const checkedIn: unknown = JSON.parse(await readFile(new URL('../openapi.json', import.meta.url), 'utf8'))
  expect(JSON.parse(JSON.stringify(await datasetOpenApi()))).toEqual(checkedIn)
})
