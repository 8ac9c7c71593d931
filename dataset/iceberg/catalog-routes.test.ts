import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createServer, listen, type Server } from '#infra/net/server.ts'
import { signedObjects } from '#infra/store/signed-objects.ts'
import { icebergRoutes } from './catalog-routes.ts'
import { tableScene, threeVersions, type TableScene } from './tables.fixture.ts'

const root = '/iceberg/v1'
const table = `${root}/namespaces/orrery/tables/web`
let scene: TableScene
let app: Server
let origin: string
beforeAll(async () => {
  scene = await tableScene()
  await threeVersions(scene)
  await scene.store.put('secrets/other.txt', Buffer.from('not for you'))
  app = await createServer({ title: 'Test', version: '1', description: 'A test.' })
  await icebergRoutes(app, () => scene)
  await app.register(signedObjects(scene.store))
  ;({ origin } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'test' }))
})
afterAll(async () => {
  await app.close()
  await scene[Symbol.asyncDispose]()
})

const get = async (url: string, headers: Record<string, string> = {}) => {
  const answer = await app.inject({ url, headers })
  return { status: answer.statusCode, headers: answer.headers, body: answer.body === '' ? undefined : answer.json() }
}
const status = async (method: 'HEAD' | 'POST' | 'PUT' | 'DELETE', url: string): Promise<number> => (await app.inject({ method, url })).statusCode

test('says what it answers, its one namespace, and a table for each dataset', async () => {
  const { body: config } = await get(`${root}/config?warehouse=any`)
  expect(config.endpoints).toContain('GET /v1/{prefix}/namespaces/{namespace}/tables/{table}')
  expect((await get(`${root}/namespaces`)).body).toEqual({ namespaces: [['orrery']], 'next-page-token': null })
  expect((await get(`${root}/namespaces?parent=orrery`)).body.namespaces).toEqual([])
  expect((await get(`${root}/namespaces/orrery`)).body).toEqual({ namespace: ['orrery'], properties: {} })
  expect((await get(`${root}/namespaces/orrery/tables`)).body.identifiers).toEqual([{ namespace: ['orrery'], name: 'web' }])
  expect(await status('HEAD', `${root}/namespaces/orrery`)).toBe(204)
  expect(await status('HEAD', table)).toBe(204)
  expect(await status('HEAD', `${table}2`)).toBe(404)
})

test('every route has a name in the OpenAPI document', () => {
  const paths = Object.values((app.swagger() as { paths: Record<string, Record<string, { operationId?: string }>> }).paths)
  const names = paths.flatMap((path) => Object.values(path).map(({ operationId }) => operationId)).filter((name) => name?.startsWith('iceberg'))
  expect(names.toSorted()).toEqual(['Config', 'ListNamespaces', 'ListTables', 'LoadCredentials', 'LoadNamespace', 'LoadTable'].map((name) => `iceberg${name}`))
})

test('names come in pages, whose tokens are of their list', async () => {
  for (const name of ['a', 'b'])
    await scene.catalog.commit({ name: `dataset/${name}`, kind: 'version', former: [] }, undefined, {
      ...(await scene.catalog.head({ name: 'dataset/web', kind: 'version', former: [] }))!.manifest,
      parent: null,
      name,
    })
  const names: string[] = []
  for (let token: string | null = ''; token !== null;) {
    const { body }: { body?: { identifiers: { name: string }[]; 'next-page-token': string | null } } = await get(
      `${root}/namespaces/orrery/tables?pageSize=2&pageToken=${token}`,
    )
    names.push(...body!.identifiers.map(({ name }) => name))
    token = body!['next-page-token']
  }
  expect(names).toEqual(['a', 'b', 'web'])
  expect((await get(`${root}/namespaces/orrery/tables?pageToken=nobody`)).body.error).toMatchObject({ type: 'BadRequestException', code: 400 })
  for (const size of ['0', '0x1', '1e0', '']) expect([size, (await get(`${root}/namespaces/orrery/tables?pageSize=${size}`)).status]).toEqual([size, 400])
  // It has a version, but its table is not written yet.
  const early = await get(`${root}/namespaces/orrery/tables/a`)
  expect([early.status, early.headers['retry-after'], early.body.error.type]).toEqual([503, '5', 'ServiceUnavailableException'])
})

test('a table comes with its snapshots and with what opens its files, and with nothing when it is known', async () => {
  const { body, headers } = await get(`${table}?snapshots=refs`, { host: 'data.example:8710', 'x-iceberg-access-delegation': 'vended-credentials' })
  expect(body.metadata.snapshots).toHaveLength(3)
  expect(body['metadata-location']).toBe('s3://objects/datasets/web/iceberg/rest/metadata/v3.metadata.json')
  expect(body.config).toMatchObject({ 's3.endpoint': 'http://data.example:8710', 's3.session-token': expect.stringMatching(/^\d+\.[0-9a-f]{64}\./) })
  expect(body['storage-credentials']).toEqual([{ prefix: 's3://objects/', config: body.config }])
  const known = await app.inject({ url: table, headers: { 'if-none-match': `"other", W/${String(headers['etag'])}` } })
  expect([known.statusCode, known.body]).toEqual([304, ''])
  expect((await get(`${table}/credentials`)).body['storage-credentials'][0].prefix).toBe('s3://objects/')
  expect((await get(`${table}?snapshots=some`)).status).toBe(400)
})

test('what opens its files reads objects of datasets and nothing else', async () => {
  const { body } = await get(table)
  const token = body.config['s3.session-token']
  const read = (key: string, given = token, method: 'GET' | 'HEAD' | 'PUT' | 'DELETE' = 'GET') =>
    app.inject({ method, url: `/objects/${key}`, headers: { 'x-amz-security-token': given, authorization: 'AWS4-HMAC-SHA256 Credential=orrery/x' } })
  const key = body['metadata-location'].slice('s3://objects/'.length)
  expect(JSON.parse((await read(key)).body)).toEqual(body.metadata)
  expect((await read(key, token, 'HEAD')).headers['content-length']).toBe(String((await scene.store.head(key))!.bytes))
  const signature = token.split('.')[1]
  for (const forged of [
    `${token}x`,
    `9${token}`,
    token.replace(/^\d+/, '1'),
    token.replace(/[^.]*$/, Buffer.from('secrets/').toString('base64url')),
    `..${signature}`,
    '',
  ])
    expect((await read(key, forged)).statusCode).toBe(403)
  const outside = [
    'secrets/other.txt',
    'datasets%2F..%2Fsecrets%2Fother.txt',
    'datasets/%2e%2e/secrets/other.txt',
    'datasets/..%2fsecrets/other.txt',
    '.tmp-secret',
    'datasets',
    '',
  ]
  for (const path of outside) {
    const answer = await read(path)
    expect([path, answer.statusCode >= 400 && answer.statusCode < 500, answer.body.includes('not for you')]).toEqual([path, true, false])
  }
  for (const method of ['PUT', 'DELETE'] as const) expect((await read('datasets/web/new', token, method)).statusCode).toBeGreaterThanOrEqual(400)
  expect(await scene.store.head('datasets/web/new')).toBeUndefined()
})

/** The address as it is written: whatever normalizes it is left out. */
const raw = (method: string, path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    const sent = request({ hostname, port, method, path, headers: { connection: 'close', ...headers } }, (answer) => {
      const pieces: Buffer[] = []
      answer
        .on('data', (piece: Buffer) => pieces.push(piece))
        .on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces).toString() }))
    })
    sent.on('error', reject).end()
  })

describe('an address that means nothing here is refused in one line', () => {
  const tables = `${root}/namespaces/orrery/tables`
  test.each([
    `${tables}/..`,
    `${tables}/%2e%2e`,
    `${tables}/..%2f..%2f..%2fsecrets`,
    `${tables}/%2e%2e%2f%2e%2e%2fcatalog.sqlite`,
    `${tables}/web%2f..%2fweb`,
    `${tables}/web%00`,
    `${tables}/web%0d%0aset-cookie:%20a=b`,
    `${tables}/web%1Fsnapshots`,
    `${tables}/web.snapshots`,
    `${tables}/%F0%9F%A6%86`,
    `${tables}/w%C3%ABb`,
    `${tables}/%ff%fe`,
    `${tables}/%zz`,
    `${tables}/__proto__`,
    `${tables}/constructor`,
    `${tables}/WEB`,
    `${tables}/web%20`,
    `${tables}/.tmp-secret`,
    `${tables}/'%20or%201=1--`,
    `${tables}/*`,
    `${tables}/%25`,
    `${tables}/${'w'.repeat(400)}`,
    `${tables}/${'%2e%2e%2f'.repeat(300)}web`,
    `${tables}/web/metadata/v1.metadata.json`,
    `${tables}/web/plan`,
    `${root}/namespaces/orrery%1Fweb/tables/snapshots`,
    `${root}/namespaces/%1F/tables/web`,
    `${root}/namespaces/orrery%1F/tables/web`,
    `${root}/namespaces/..%1Forrery/tables`,
    `${root}/namespaces/__proto__`,
    `${root}/namespaces/%2e%2e/tables/web`,
    `${root}/namespaces?parent=${'x'.repeat(2000)}`,
    `${root}/namespaces?pageToken=../..`,
    `${root}/namespaces?pageSize=1e999`,
    `${root}/warehouse/namespaces`,
    `${root}//namespaces`,
    `${root}/../../etc/passwd`,
    `${root}/views`,
    '/iceberg',
    '/iceberg/v2/config',
  ])('%s', async (path) => {
    const { status, body } = await raw('GET', path)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    const { error } = JSON.parse(body)
    expect(error.message).toMatch(/^[^\n\r]{10,600}$/)
    expect(body).not.toMatch(/not for you|snapshot-id|sqlite:/)
  })

  test('and a host that is none', async () => {
    for (const host of ['a b', 'evil.example/path?', '"><script>', 'x'.repeat(300)]) expect((await raw('GET', table, { host })).status).toBe(400)
  })

  test.each([
    ['POST', `${root}/namespaces`],
    ['POST', tables],
    ['POST', table],
    ['DELETE', table],
    ['POST', `${root}/tables/rename`],
    ['POST', `${root}/oauth/tokens`],
    ['PUT', `${root}/anything`],
    ['POST', `${table}/metrics`],
  ])('%s %s: it is only read from', async (method, path) => {
    const { status, body } = await raw(method, path)
    expect([status, JSON.parse(body).error]).toMatchObject([406, { type: 'UnsupportedOperationException', code: 406 }])
  })
})

test('a fault of ours is told as one, without its words', async () => {
  const broken = await createServer({ title: 'Test', version: '1', description: 'A test.' })
  await icebergRoutes(broken, () => {
    throw new TypeError('secret words')
  })
  const answer = await broken.inject(table)
  expect([answer.statusCode, answer.json().error.type, answer.body.includes('secret')]).toEqual([500, 'InternalServerError', false])
  await broken.close()
})
