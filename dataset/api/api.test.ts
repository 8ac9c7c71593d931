import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen } from '#infra/net/server.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { tokenize } from '#dataset/tokenize/tokenize.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { manualClock } from '#test/manual-clock.ts'
import { datasetOpenApi } from './openapi.ts'
import { openDatasetQuery } from '../query/open-dataset-query.ts'
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
  const query = openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() })
  const app = await datasetServer({ ...world, query })
  return {
    app,
    get: async (path: string) => {
      const { statusCode, body } = await app.inject({ url: path })
      return { status: statusCode, body: JSON.parse(body) }
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      await query[Symbol.asyncDispose]()
    },
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
  expect(await api.get('/v1/datasets')).toEqual({ status: 200, body: { datasets: [], next_cursor: null } })
  await makeVersion(world)
  const second = await makeVersion(world, testDocuments(31))
  await tokenize({ ...world, name: 'web', origin: goldenOrigin, signal })

  const { body: listed } = await api.get('/v1/datasets')
  expect(listed.datasets).toMatchObject([{ name: 'web', version: 2, sha256: second.sha256, documents: 31, files: 3, labels: { example: 31 } }])
  const { body: one } = await api.get('/v1/datasets/web')
  expect(one).toMatchObject({
    version: 2,
    sources: [(await groupsOf(world, second))[0]?.snapshot],
    tokens: { version: 1, dataset: second.sha256, tokenizer: { name: 'o200k_base' }, shards: 3 },
  })
  expect(one.tokens.tokens).toBeGreaterThan(1000)
  const { body: history } = await api.get('/v1/datasets/web/versions')
  expect(history.versions.map(({ version }: { version: number }) => version)).toEqual([2, 1])
  expect((await api.get('/v1/datasets/web/versions?limit=1')).body.versions).toHaveLength(1)
})

test('pages follow each other by id, each document once, and stay with the version they began with', async () => {
  await using world = await shardWorld()
  let reads = 0
  const catalog = { ...world.catalog, get: (...args: Parameters<typeof world.catalog.get>) => (reads++, world.catalog.get(...args)) }
  await using api = await openApi({ ...world, catalog: catalog as typeof world.catalog })
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
  // Each version was read once, however many pages it had.
  expect(reads).toBe(3)
  expect(idsOf(await api.get('/v1/datasets/web/documents?limit=200'))).toEqual(sortedIds(60))
  expect(idsOf(await api.get('/v1/datasets/web/documents?limit=200&version=1'))).toEqual(sortedIds(30))
})

test('a cursor belongs to the question and the version that it came from', async () => {
  await using world = await shardWorld()
  await using api = await openApi(world)
  await makeVersion(world)
  const { body } = await api.get('/v1/datasets/web/documents?limit=3&label=example')
  const follow = async (query: string) => {
    const { status, body: answer } = await api.get(`/v1/datasets/web/documents?cursor=${body.next_cursor}${query}`)
    return status === 200 ? 200 : answer.error.message
  }
  expect(await follow('&limit=5&label=example&total=false&format=json')).toBe(200)
  for (const other of ['', '&label=other', '&label=example&lang=en', '&label=example&sort=-datetime', '&label=example&q=the'])
    expect(await follow(other)).toMatch(/the cursor belongs to another question/)
  expect(await follow('&label=example&version=2')).toMatch(/it belongs to version 1, not 2/)
  const ofVersions = (await api.get('/v1/datasets/web/versions?limit=1')).body.next_cursor
  expect(ofVersions).toBeNull()
  const odd = Buffer.from('["x",[1,"y"]]').toString('base64url')
  expect((await api.get(`/v1/datasets/web/documents?cursor=${odd}`)).status).toBe(400)
})

test('lists of datasets, versions and files are gone through page by page', async () => {
  await using world = await shardWorld()
  await using api = await openApi(world)
  for (const count of [10, 20, 30]) await makeVersion(world, testDocuments(count))
  const walk = async (path: string, of: string) => {
    const found: unknown[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { status, body } = await api.get(`${path}?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect([status, body[of].length]).toEqual([200, 1])
      found.push(body[of][0].version ?? body[of][0].rows)
      cursor = body.next_cursor
    }
    return found
  }
  expect(await walk('/v1/datasets', 'datasets')).toEqual([3])
  expect(await walk('/v1/datasets/web/versions', 'versions')).toEqual([3, 2, 1])
  expect(await walk('/v1/datasets/web/files', 'files')).toEqual((await api.get('/v1/datasets/web/files')).body.files.map(({ rows }: { rows: number }) => rows))
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

test.each([
  [{ host: 'data.example:8710' }, 'http://data.example:8710/objects/'],
  [{ host: 'data.example', 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' }, 'https://data.example/objects/'],
  [{ host: '[2001:db8::1]:8710' }, 'http://[2001:db8::1]:8710/objects/'],
  [{ host: 'localhost:1' }, 'http://0.0.0.0:8710/objects/'],
  [{ host: 'a"b/c' }, 'http://0.0.0.0:8710/objects/'],
] as const)('who asks under %j gets URLs of files that begin with %s', async (headers, begin) => {
  await using world = await shardWorld({ origin: () => 'http://0.0.0.0:8710' })
  await makeVersion(world, testDocuments(3))
  await using api = await openApi({ ...world, access: { ...world.access, requireKey: 'never' } })
  const { body } = await api.app.inject({ url: '/v1/datasets/web/files', headers })
  const { url } = JSON.parse(body).files[0]
  expect(url.startsWith(begin), url).toBe(true)
  expect((await api.app.inject({ url: new URL(url).pathname + new URL(url).search })).statusCode).toBe(200)
})

test.each([
  ['rate_limited', 200],
  ['timed_out', 503],
] as const)('a service whose index answers %s is told %d by readyz', async (code, status) => {
  await using world = await shardWorld()
  await makeVersion(world, testDocuments(3))
  await using query = openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() })
  const page = () => Promise.reject(new OrreryError(code, 'Not now.'))
  await using app = await datasetServer({ ...world, query: Object.create(query, { page: { value: page } }) })
  expect((await app.inject('/readyz')).statusCode).toBe(status)
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
  ['/v1/datasets/web/documents?limit=1001', 400, /limit.*1000/],
  ['/v1/datasets/web/documents?limit=some', 400, /limit/],
  ['/v1/datasets/web/documents?from=yesterday', 400, /from: a time like/],
  ['/v1/datasets/web/documents?q=', 400, /q/],
  ['/v1/datasets/web/documents?label=a&label=b', 400, /label/],
  ['/v1/datasets/web/documents?from=2026-01-02&to=2026-01-01', 400, /not before/],
  ['/v1/datasets/web/documents?sort=relevance', 400, /relevance/],
  ['/v1/datasets/web/documents?facets=label,text', 400, /facets/],
  ['/v1/datasets/web/documents?min_quality=2', 400, /min_quality/],
  ['/v1/datasets/web/documents?limit=1e1', 400, /in digits/],
  ['/v1/datasets/web/documents?format=csv', 400, /format/],
  [`/v1/datasets/web/documents?q=${'a'.repeat(201)}`, 400, /q/],
  ['/v1/datasets/web/documents?lable=x', 400, /lable/],
  ['/v1/datasets/web/documents?cursor=bm9uZQ', 400, /next_cursor/],
  ['/v1/datasets/..%2f..%2fetc', 400, /dataset name/],
])('GET %s is answered %d with what to do', async (path, status, message) => {
  const answer = await asked.get(path)
  expect(answer.status).toBe(status)
  expect(answer.body.error.message).toMatch(message)
})

test('openapi.json is what the API says of itself (npm run schemas writes it)', async () => {
  const checkedIn: unknown = JSON.parse(await readFile(new URL('../openapi.json', import.meta.url), 'utf8'))
  expect(JSON.parse(JSON.stringify(await datasetOpenApi()))).toEqual(checkedIn)
})
