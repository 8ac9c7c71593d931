import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ingest } from '#dataset/ingest/ingest.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld } from '#test/golden/shards.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openDatasetQuery } from '../query/open-dataset-query.ts'
import { datasetServer } from './server.ts'
import { Dataset, Datasets, Documents, Files, OneDocument, Versions } from './wire.ts'

/** One document is in German, three are long, in characters of three bytes; read-only, so that all questions share them. */
const long = [41, 42, 43].map((n) => testDocument(n, { text: `Needle ${n} ${'数据集的文件。'.repeat(80_000)}` }))
const documents = [...testDocuments(36), testDocument(40, { label: 'other', lang: 'de' }), ...long]
const stack = new AsyncDisposableStack()
let app: Awaited<ReturnType<typeof datasetServer>>
beforeAll(async () => {
  const world = stack.use(await shardWorld())
  const query = stack.use(openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() }))
  app = stack.use(await datasetServer({ ...world, query }))
  await putSnapshot(world, { signer: await world.signer('a'), jobId: 'one', shards: [{ documents }] })
  await ingest({ ...world, name: 'web', origin: goldenOrigin, signal: new AbortController().signal })
})
afterAll(() => stack.disposeAsync())

const documentsPath = '/v1/datasets/web/documents'
const get = async (url: string, headers: Record<string, string> = {}) => {
  const answer = await app.inject({ url, headers })
  return { status: answer.statusCode, headers: answer.headers, body: answer.body, bytes: answer.rawPayload }
}
const json = async (url: string) => JSON.parse((await get(url)).body)

test('readers of Parquet by ranges find its end first, and the rest of the same bytes', async () => {
  const url = `${documentsPath}?format=parquet&limit=5`
  const { bytes, headers } = await get(url)
  const { ['accept-ranges']: ranges, etag } = headers
  expect(ranges).toBe('bytes')
  const part = async (range: string, ifRange = String(etag)) => {
    const answer = await get(url, { range: `bytes=${range}`, 'if-range': ifRange })
    return [answer.status, answer.headers['content-range'], answer.bytes.equals(bytes) || answer.body.slice(0, 4)]
  }
  const { length } = bytes
  expect(await part('-4')).toEqual([206, `bytes ${length - 4}-${length - 1}/${length}`, 'PAR1'])
  expect(await part(`0-3`)).toEqual([206, `bytes 0-3/${length}`, 'PAR1'])
  expect(await part(`${length}-`)).toEqual([416, `bytes */${length}`, ''])
  expect(await part('0-3', '"another"')).toEqual([200, undefined, true])
  const file = {
    byteLength: length,
    slice: async (start: number, end = length) => new Uint8Array((await get(url, { range: `bytes=${start}-${end - 1}` })).bytes).buffer,
  }
  expect(await parquetReadObjects({ file, columns: ['title'] })).toHaveLength(5)
})

test.each([
  ['/v1/datasets', Datasets],
  ['/v1/datasets/web', Dataset],
  ['/v1/datasets/web/versions', Versions],
  ['/v1/datasets/web/files', Files],
  [`${documentsPath}?text=true&facets=label,lang,host,source,licence`, Documents],
  [`${documentsPath}/${testDocument(3).id}`, OneDocument],
])('%s is what its schema says, in each format', async (url, schema) => {
  const { status, body } = await get(url)
  expect([status, schema.safeParse(JSON.parse(body)).error]).toEqual([200, undefined])
  const parameter = url.includes('?') ? '&' : '?'
  const lines = (await get(`${url}${parameter}format=ndjson`)).body.trimEnd().split('\n')
  const table = tableFromIPC((await get(`${url}${parameter}format=arrow`)).bytes)
  const rows = await parquetReadObjects({ file: Uint8Array.from((await get(`${url}${parameter}format=parquet`)).bytes).buffer })
  expect([table.numRows, rows.length]).toEqual([lines.length, lines.length])
  expect(Object.keys(rows[0] ?? {})).toEqual(table.schema.fields.map(({ name }) => name))
  expect(Object.keys(rows[0] ?? {}).toSorted()).toEqual(expect.arrayContaining(Object.keys(JSON.parse(lines[0] ?? '')).toSorted()))
})

/** Of the answer; its status and code where there is none. */
const type = async (accept: string) => {
  const { status, headers, body } = await get(documentsPath, { accept })
  expect(headers['vary']).toBe(status === 406 ? undefined : 'Accept')
  return status === 200 ? headers['content-type'] : [status, JSON.parse(body).error.code]
}

test('a format is chosen by Accept, and what there is not is 406', async () => {
  expect(await type('APPLICATION/X-NDJSON')).toBe('application/x-ndjson')
  expect(await type('application/vnd.apache.arrow.stream;q=0.5, application/json;q=0')).toBe('application/vnd.apache.arrow.stream')
  expect(await type('application/vnd.apache.parquet, */*;q=0.1')).toBe('application/vnd.apache.parquet')
  expect(await type('text/html,*/*;q=0.8')).toBe('application/json; charset=utf-8')
  expect(await type('text/csv')).toEqual([406, 'not_acceptable'])
  expect(await type('*/*;q=0')).toEqual([406, 'not_acceptable'])
})

test('who has an answer is not sent it again; what is of one version may be kept', async () => {
  const { headers } = await get(`${documentsPath}?limit=5`)
  const etag = String(headers['etag'])
  expect(headers['cache-control']).toBe('private, no-cache')
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*'])
    expect(await get(`${documentsPath}?limit=5`, { 'if-none-match': known })).toMatchObject({ status: 304, body: '', headers: { etag, vary: 'Accept' } })
  expect((await get(`${documentsPath}?limit=6`, { 'if-none-match': etag })).status).toBe(200)
  expect((await get(`${documentsPath}?limit=5&format=ndjson`, { 'if-none-match': etag })).status).toBe(200)
  const failed = await get(`${documentsPath}?limit=5&version=1`, { 'if-match': '"other"' })
  expect([failed.status, failed.headers['etag'], failed.headers['link'], failed.headers['cache-control']]).toEqual([412, undefined, undefined, 'no-store'])
  expect((await get(`${documentsPath}?version=1`)).headers['cache-control']).toBe('private, max-age=3600')
  const head = await app.inject({ method: 'HEAD', url: `${documentsPath}?limit=5` })
  expect([head.statusCode, head.body, head.headers['etag']]).toEqual([200, '', etag])
})

test('the next page is a link of the answer, in each format', async () => {
  const { headers } = await get(`${documentsPath}?limit=39&format=ndjson&label=example`)
  const [, link = ''] = /^<(.*)>; rel="next"$/.exec(String((await get(`${documentsPath}?limit=30&format=ndjson&label=example`)).headers['link'])) ?? []
  expect([headers['link'], headers['x-total-count']]).toEqual([undefined, '39'])
  const rest = await get(link)
  expect([rest.status, rest.headers['content-type'], rest.body.trimEnd().split('\n').length]).toEqual([200, 'application/x-ndjson', 9])
  const [, asking = ''] = /^<(.*)>/.exec(String((await get(`${documentsPath}?limit=1&q=needle?%20`)).headers['link'])) ?? []
  expect((await get(asking)).status).toBe(200)
})

test('facets count what fits, totals say how much', async () => {
  const { total, facets } = await json(`${documentsPath}?limit=1&facets=label,lang`)
  expect(total).toEqual({ documents: 40, is_exact: true })
  expect(facets).toEqual([
    {
      field: 'label',
      distinct: 2,
      values: [
        { value: 'example', documents: 39 },
        { value: 'other', documents: 1 },
      ],
    },
    {
      field: 'lang',
      distinct: 2,
      values: [
        { value: 'en', documents: 39 },
        { value: 'de', documents: 1 },
      ],
    },
  ])
  expect((await json(`${documentsPath}?label=other&facets=lang&total=false`)).facets).toEqual([
    { field: 'lang', distinct: 1, values: [{ value: 'de', documents: 1 }] },
  ])
  expect((await json(`${documentsPath}?total=false`)).total).toBeNull()
})

test.each(['8', 'web', 'WEB'])('source %s is the web', async (source) => {
  expect((await json(`${documentsPath}?source=${source}`)).total).toEqual({ documents: 40, is_exact: true })
  expect((await json(`${documentsPath}?source=${source}&label=nobody`)).no_match).toHaveLength(1)
})

test.each([
  ['lang=deu', 'lang', 'de'],
  ['label=exampel', 'label', 'example'],
  ['host=host1.exampl', 'host', 'host1.example'],
])('a filter that matches nothing whatever else is asked says so: %s', async (query, field, nearest) => {
  const { documents: found, no_match } = await json(`${documentsPath}?${query}`)
  expect(found).toEqual([])
  expect(no_match).toEqual([{ field, value: expect.any(String), nearest: expect.arrayContaining([nearest]) }])
})

test.each(['host=HOST1.EXAMPLE', 'host=host1.example.', 'host=http://host1.example/x'])('%s finds what its canonical spelling finds', async (query) => {
  const found = await json(`${documentsPath}?host=host1.example`)
  expect(found.total.documents).toBeGreaterThan(5)
  expect((await json(`${documentsPath}?${query}`)).documents).toEqual(found.documents)
})

test('texts come on request, in pages that end before they grow too large', async () => {
  const [first] = (await json(`${documentsPath}?label=other&text=true`)).documents
  expect(first.text).toBe(testDocument(40).text)
  const { documents: some, next_cursor } = await json(`${documentsPath}?q=needle&text=true&sort=id`)
  expect([some.length, typeof next_cursor]).toEqual([2, 'string'])
  expect(some.map(({ text }: { text: string }) => text)).toEqual(
    long
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, 2)
      .map(({ text }) => text),
  )
  const seen: string[] = []
  for (let cursor = ''; ;) {
    const page = await get(`${documentsPath}?text=true&limit=1000${cursor}`)
    expect(page.bytes.length).toBeLessThan(4.5 * 2 ** 20)
    const { documents: listed, next_cursor: next } = JSON.parse(page.body)
    for (const { id } of listed) seen.push(id)
    if (next === null) break
    cursor = `&cursor=${next}`
  }
  expect(seen).toEqual(documents.map(({ id }) => id).toSorted())
})

test('of two hundred who ask at once each is answered, or told when to come again', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => get(`${documentsPath}?limit=20&q=needle`)))
  const told = answers.map(({ status, headers }) =>
    status === 200 ? 'answered' : [429, 503].includes(status) && Number(headers['retry-after']) >= 1 ? 'later' : status,
  )
  expect(new Set(told).difference(new Set(['answered', 'later']))).toEqual(new Set())
  expect(told.filter((each) => each === 'answered').length).toBeGreaterThan(7)
})

test('the reference is a page of this origin alone, which is asked for no key', async () => {
  expect(await get('/')).toMatchObject({ status: 302, headers: { location: '/docs/' } })
  const page = await app.inject({ url: '/docs/', remoteAddress: '192.0.2.1' })
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  expect(page.body).not.toMatch(/(?:src|href)="?(?:https?:)?\/\//)
  expect(page.headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self' 'sha256-[A-Za-z0-9+/]+=';/)
  const script = await get('/docs/js/scalar.js')
  expect([script.status, script.body.includes('createApiReference')]).toEqual([200, true])
})
