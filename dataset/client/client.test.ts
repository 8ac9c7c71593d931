import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path/posix'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { servedDataset, type ServedDataset } from '#test/golden/served-dataset.ts'
import { datasetClient, type DatasetClient } from './client.ts'

const documents = [...testDocuments(30), testDocument(30, { label: 'constructor', text: 'where is the Needle in all this hay' })]
let served: ServedDataset
let client: DatasetClient
beforeAll(async () => {
  served = await servedDataset([{ documents }])
  client = datasetClient({ baseUrl: `${served.origin}/` })
})
afterAll(() => served[Symbol.asyncDispose]())

/** Files that one imports, and so on, but for their types; and what else they import. */
function importedBy(path: string, files = new Map<string, string>(), others = new Set<string>()) {
  const text = readFileSync(path, 'utf8')
  files.set(path, text)
  for (const [, from = ''] of text.matchAll(/^(?:import|export) (?!type )[^'\n]*'([^']+)'/gm)) {
    const file = from.startsWith('#') ? from.slice(1) : from.startsWith('.') ? join(dirname(path), from) : undefined
    if (file === undefined) others.add(from)
    else if (!files.has(file)) importedBy(file, files, others)
  }
  return { files, others }
}

test('it needs nothing that a browser has not', () => {
  const { files, others } = importedBy('dataset/client/client.ts')
  expect([...files.keys()]).toContain('dataset/client/exchange.ts')
  expect([...others]).toEqual(['zod'])
  expect([...files].filter(([, text]) => /\b(?:Buffer|process)\s*[.(]/.test(text))).toEqual([])
})

const ids = documents.map(({ id }) => id).toSorted()

test('lists come whole, page after page', async () => {
  const found: string[] = []
  for await (const { id } of client.documents('web', { limit: 7, version: 1 })) found.push(id)
  expect(found).toEqual(ids)
  expect((await Array.fromAsync(client.datasets())).map(({ name }) => name)).toEqual(['web'])
  expect((await Array.fromAsync(client.versions('web'))).map(({ version }) => version)).toEqual([1])
  expect((await Array.fromAsync(client.files('web'))).map(({ rows }) => rows)).toEqual([31])
})

test('one thing comes as the service has it', async () => {
  expect(await client.dataset('web')).toMatchObject({ name: 'web', version: 1, documents: 31 })
  const page = await client.documentPage('web', { q: 'needle', text: true, facets: ['label', 'lang'] })
  expect(page).toMatchObject({
    total: { documents: 1 },
    documents: [{ label: 'constructor', text: documents[30]?.text }],
    facets: [{ field: 'label' }, { field: 'lang' }],
  })
  const { document } = await client.document('web', ids[0] ?? '')
  expect(document.id).toBe(ids[0])
  expect(await client.statistics('web', { version: 1 })).toMatchObject({ documents: 31, labels: { distinct: 2 } })
  expect(await client.rows('web', { offset: 30 })).toMatchObject({ rows: [{ row_idx: 30 }], num_rows_total: 31 })
  expect(await client.search('web', 'needle')).toMatchObject({ num_rows_total: 1 })
  expect(await client.filter('web', { where: `label = 'constructor'` })).toMatchObject({ num_rows_total: 1 })
})

test('SQL comes as JSON, row by row, or as Arrow', async () => {
  const question = { dataset: 'web', sql: 'SELECT id, text_bytes FROM documents WHERE label = ? ORDER BY id', parameters: ['example'] }
  expect((await client.sql(question)).rows).toHaveLength(30)
  expect((await Array.fromAsync(client.sqlRows(question))).map(({ id }) => id)).toEqual(ids.filter((id) => id !== documents[30]?.id))
  expect(tableFromIPC(new Uint8Array(await new Response(await client.sqlArrow(question)).arrayBuffer())).numRows).toBe(30)
})

test('errors have the codes of the service, and what is none is not asked again', async () => {
  await expect(client.dataset('none')).rejects.toMatchObject({ code: 'not_found', message: expect.stringMatching(/no dataset "none"/) })
  await expect(client.dataset('../web')).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(client.filter('web', { where: 'nope = 1' })).rejects.toMatchObject({ message: expect.stringMatching(/nope/) })
  await expect(client.sql({ dataset: 'web', sql: 'SELECT range FROM range(10001)' })).rejects.toMatchObject({ code: 'too_large' })
  await expect(client.documents('none').next()).rejects.toMatchObject({ code: 'not_found' })
  await expect(client.dataset('web', { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
  expect(() => datasetClient({ baseUrl: 'file:///etc' })).toThrow(/no address of a service/)
})

/** A server that answers each request with the next of these. */
async function answering(answers: readonly { status: number; headers?: Record<string, string>; body?: string; isCut?: boolean }[]) {
  let asked = 0
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked++, answers.length - 1)]
    seen.push(request.headers.authorization)
    if (!answer || answer.status === 0) return request.socket.destroy()
    response.writeHead(answer.status, answer.headers)
    if (answer.isCut) return response.write(answer.body ?? '', () => request.socket.destroy())
    response.end(answer.body ?? '{}')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const waited: number[] = []
  return {
    client: datasetClient({
      baseUrl: `http://127.0.0.1:${port}`,
      apiKey: 'orr_secret',
      wait: (ms) => {
        waited.push(ms)
        return Promise.resolve()
      },
    }),
    waited,
    asked: () => asked,
    seen,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}

test('who is refused for now comes again when it is told to', async () => {
  await using busy = await answering([
    { status: 429, headers: { 'retry-after': '3' } },
    { status: 503 },
    { status: 0 },
    { status: 502 },
    { status: 200, body: '{"name":"web"}' },
  ])
  expect(await busy.client.dataset('web')).toEqual({ name: 'web' })
  expect(busy.waited[0]).toBe(3000)
  expect(busy.waited).toHaveLength(4)
  expect(Math.max(...busy.waited.slice(1))).toBeLessThanOrEqual(8000)
  expect(new Set(busy.seen)).toEqual(new Set(['Bearer orr_secret']))
})

test('an answer that breaks off is asked for again, or said to be none', async () => {
  await using broken = await answering([
    { status: 200, headers: { 'content-length': '100' }, body: '{"name":"w', isCut: true },
    { status: 503, headers: { 'retry-after': new Date(Date.now() + 30_000).toUTCString() } },
    { status: 200, body: '{"name":"web"}' },
  ])
  expect(await broken.client.dataset('web')).toEqual({ name: 'web' })
  expect(broken.waited[1]).toBeGreaterThan(20_000)
  await using always = await answering([{ status: 200, headers: { 'content-length': '100' }, body: '{"x":1}\n{"x"', isCut: true }])
  await expect(always.client.createGravityTask({})).rejects.toMatchObject({ code: 'upstream_failed' })
  expect(always.asked()).toBe(1)
  const rows: unknown[] = []
  const read = async () => {
    for await (const row of always.client.sqlRows({ dataset: 'web', sql: 'SELECT 1 AS x' })) rows.push(row)
  }
  await expect(read()).rejects.toMatchObject({ code: 'upstream_failed' })
  expect(rows).toEqual([{ x: 1 }])
})

test('rows come as they are written, however they are cut into pieces', async () => {
  await using server = await answering([{ status: 200, body: '{"x":"ä' + 'y'.repeat(200_000) + '"}\n{"x":2}\n{"x":3}' }])
  const rows = await Array.fromAsync(server.client.sqlRows({ dataset: 'web', sql: 'SELECT 1 AS x' }))
  expect(rows.map(({ x }) => (typeof x === 'string' ? x.length : x))).toEqual([200_001, 2, 3])
})

test('what may not be done twice is sent again only where it was refused before', async () => {
  await using broken = await answering([{ status: 502 }])
  await expect(broken.client.createGravityTask({ gravityTasks: [] })).rejects.toMatchObject({ code: 'upstream_failed' })
  expect(broken.asked()).toBe(1)
  await using refused = await answering([{ status: 429 }, { status: 200, body: '{"gravityTaskId":"1"}' }])
  expect(await refused.client.createGravityTask({ gravityTasks: [] })).toEqual({ gravityTaskId: '1' })
})

test.each([
  [{ status: 503 }, 5, 'store_unavailable'],
  [{ status: 504 }, 1, 'timed_out'],
  [{ status: 504, body: '{"error":{"code":"timed_out","message":"slow"}}' }, 1, 'timed_out'],
  [{ status: 429, headers: { 'retry-after': '3600' } }, 1, 'rate_limited'],
  [{ status: 503, headers: { 'retry-after': '61' } }, 1, 'store_unavailable'],
  [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 5, 'upstream_failed'],
  [{ status: 404, body: '<html>' }, 1, 'not_found'],
  [{ status: 400, body: '{"error":{"code":"__proto__","message":"no"}}' }, 1, 'invalid_argument'],
  [{ status: 200, body: 'hello' }, 1, 'upstream_failed'],
])('%j ends after %d attempts as %s', async (answer, attempts, code) => {
  await using server = await answering([answer])
  await expect(server.client.dataset('web')).rejects.toMatchObject({ code })
  expect(server.asked()).toBe(attempts)
})

test('a list whose pages go round in a circle ends', async () => {
  await using server = await answering([{ status: 200, body: '{"datasets":[],"next_cursor":"same"}' }])
  await expect(Array.fromAsync(server.client.datasets())).rejects.toMatchObject({ code: 'upstream_failed' })
})
