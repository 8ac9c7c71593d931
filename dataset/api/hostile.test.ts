import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen } from '#infra/net/server.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld } from '#test/golden/shards.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openDatasetQuery } from '../query/open-dataset-query.ts'
import { datasetServer } from './server.ts'

const stack = new AsyncDisposableStack()
let port = 0
beforeAll(async () => {
  const world = stack.use(await shardWorld())
  const query = stack.use(openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() }))
  const app = stack.use(await datasetServer({ ...world, query }))
  await putSnapshot(world, { signer: await world.signer('a'), jobId: 'one', shards: [{ documents: testDocuments(5) }] })
  await ingest({ ...world, name: 'web', origin: goldenOrigin, signal: new AbortController().signal })
  port = (await listen(app, { host: '127.0.0.1', port: 0, setting: 'dataset.port' })).port
})
afterAll(() => stack.disposeAsync())

/** Sends bytes as they stand, and hears what comes until the other side ends. */
const say = (head: string, body = ''): Promise<string> =>
  new Promise((done) => {
    let heard = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head}\r\nHost: localhost\r\nConnection: close\r\n\r\n${body}`, 'latin1'))
    socket.on('data', (piece) => (heard += piece.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => done(heard))
  })

const documents = '/v1/datasets/web/documents'
const get = (path: string, ...headers: string[]): [string, string] => [[`GET ${path} HTTP/1.1`, ...headers].join('\r\n'), '']
const post = (path: string, body: string, ...headers: string[]): [string, string] => [
  [`POST ${path} HTTP/1.1`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers].join('\r\n'),
  body,
]
const create = '/gravity.v1.GravityService/CreateGravityTask'
const onDemand = '/sn13.v1.Sn13Service/OnDemandData'
const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

test.each<[what: string, request: [string, string], status: number]>([
  ['a parameter twice', get(`${documents}?label=a&label=b`), 400],
  ['an array of one', get(`${documents}?label[]=a`), 400],
  ['an object', get(`${documents}?label[a]=b`), 400],
  ['a key of every object', get(`${documents}?__proto__=1`), 400],
  ['its constructor', get(`${documents}?constructor=1`), 400],
  ['NUL', get(`${documents}?label=a%00b`), 400],
  ['half a character', get(`${documents}?label=%ED%A0%80`), 200],
  ['bytes that are no UTF-8', get(`${documents}?q=%ff%fe`), 200],
  ['no escape', get(`${documents}?label=%ZZ`), 200],
  ['no escape in the path', get('/v1/datasets/%ZZ/documents'), 400],
  ['an escape that ends', get('/v1/datasets/%E0%A4%A'), 400],
  ['a path that climbs', get('/v1/datasets/..%2f..%2fetc%2fpasswd'), 400],
  ['one that climbs openly', get('/v1/datasets/../../etc/passwd'), 404],
  ['a name of 128 characters', get(`/v1/datasets/${'a'.repeat(128)}`), 404],
  ['a name of 129', get(`/v1/datasets/${'a'.repeat(129)}`), 400],
  ['a name of 2000', get(`/v1/datasets/${'a'.repeat(2000)}`), 414],
  ['an address of 10 KB', get(`${documents}?q=${'a'.repeat(10_000)}`), 414],
  ['one of 20 KB', get(`${documents}?q=${'a'.repeat(20_000)}`), 431],
  ['300 parameters', get(`${documents}?${Array.from({ length: 300 }, (_, n) => `p${n}=1`).join('&')}`), 400],
  ['no number', get(`${documents}?limit=1e400`), 400],
  ['a negative number', get(`${documents}?limit=-1`), 400],
  ['a number that is empty', get(`${documents}?limit=`), 400],
  ['a version of 2^53', get(`${documents}?version=9007199254740993`), 400],
  ['a number of 30 digits', get(`${documents}?limit=${'9'.repeat(30)}`), 400],
  ['a time in small letters', get(`${documents}?from=2026-01-05t00:00:00z`), 200],
  ['an offset whose + came as a space', get(`${documents}?from=2026-01-05T00:00:00+02:00`), 200],
  ['a space elsewhere in a time', get(`${documents}?from=2026-01-05+00:00:00`), 400],
  ['a day that is none', get(`${documents}?from=2026-02-30`), 400],
  ['a year too large', get(`${documents}?from=99999-01-01`), 400],
  ['quality NaN', get(`${documents}?min_quality=NaN`), 400],
  ['a cursor of nothing', get(`${documents}?cursor=`), 400],
  ['a cursor of JSON bombs', get(`${documents}?cursor=${Buffer.from('['.repeat(3000)).toString('base64url')}`), 400],
  ['a cursor of another shape', get(`${documents}?cursor=${Buffer.from('["a",{"__proto__":1}]').toString('base64url')}`), 400],
  ['words of quotes alone', get(`${documents}?q=${'%22'.repeat(100)}`), 400],
  ['words of a query language', get(`${documents}?q=${encodeURIComponent('a* OR NEAR(b, 2) {c} ^d -e')}`), 200],
  ['a host of dots', get(`${documents}?host=${'.'.repeat(200)}`), 200],
  ['a host of a million colons', get(`${documents}?host=${':'.repeat(250)}`), 200],
  ['a uri of a script', get(`${documents}?uri=javascript:alert(1)`), 200],
  ['an id in capitals', get(`${documents}/${'A'.repeat(64)}`), 400],
  ['facets without end', get(`${documents}?facets=${'label,'.repeat(500)}`), 400],
  ['Accept of 15 KB', get(documents, `Accept: ${'a/b;q=0.1,'.repeat(1400)}*/*`), 200],
  ['Accept of no type', get(documents, 'Accept: ;;;,,,=q'), 406],
  ['If-None-Match of 15 KB', get(documents, `If-None-Match: ${'"a",'.repeat(3700)}"b`), 200],
  ['a range of a list', get(documents, 'Range: bytes=0-1'), 206],
  ['a range behind its end', get(documents, 'Range: bytes=99999999-'), 416],
  ['twenty ranges', get(documents, `Range: bytes=${'0-1,'.repeat(20)}2-3`), 200],
  ['a key that is none', get(documents, 'Authorization: Bearer orr_'), 401],
  ['a key of 15 KB', get(documents, `X-API-Key: ${'k'.repeat(15_000)}`), 401],
  ['a request id with a line end escaped', get(documents, 'X-Request-Id: a%0d%0aSet-Cookie: b'), 200],
  ['another method', ['DELETE /v1/datasets/web HTTP/1.1', ''], 405],
  ['a method nobody knows', ['BREW /v1/datasets/web HTTP/1.1', ''], 501],
  ['TRACE', ['TRACE / HTTP/1.1', ''], 405],
  ['a connection through', ['CONNECT example.org:443 HTTP/1.1', ''], 0],
  ['an address with a server', get('http://example.org/v1/datasets'), 200],
  ['OPTIONS of everything', ['OPTIONS * HTTP/1.1', ''], 204],
  ['a body on GET', [`GET ${documents} HTTP/1.1\r\nContent-Length: 2`, '{}'], 200],
  ['two lengths', [`POST ${create} HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3`, '{}'], 400],
  ['a length and pieces', [`POST ${create} HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked`, '0\r\n\r\n'], 400],
  ['a negative length', [`POST ${create} HTTP/1.1\r\nContent-Length: -1`, ''], 400],
  ['pieces that are none', [`POST ${create} HTTP/1.1\r\nTransfer-Encoding: chunked`, 'zz\r\n'], 400],
  ['an upgrade', get(documents, 'Upgrade: websocket', 'Sec-WebSocket-Key: a'), 200],
  ['JSON that nests without end', post(create, deep(100_000)), 400],
  ['JSON of brackets', post(create, '['.repeat(500_000)), 400],
  ['JSON with a key of every object', post(create, '{"__proto__":{"a":1},"gravityTasks":[{"topic":"a"}]}'), 400],
  ['a null', post(create, 'null'), 400],
  ['no body', post(create, ''), 400],
  ['a text', post(create, '"text"'), 400],
  ['a list', post(create, '[]'), 400],
  ['a body of 2 MB', post(create, `{"name":"${'a'.repeat(2_000_000)}"}`), 413],
  [
    '11 topics',
    post(
      create,
      JSON.stringify({
        gravityTasks: Array(11)
          .fill(0)
          .map(() => ({ topic: 'a' })),
      }),
    ),
    400,
  ],
  ['a topic of a number', post(create, '{"gravityTasks":[{"topic":1}]}'), 400],
  ['a topic of NUL', post(create, '{"gravityTasks":[{"topic":"a\\u0000b.example"}]}'), 400],
  ['a topic of half a character', post(create, '{"gravityTasks":[{"topic":"\\ud800.example"}]}'), 400],
  ['a pattern for a seed', post(create, '{"gravityTasks":[{"topic":"a","seeds":["https://*.example/(.*)+$"]}]}'), 400],
  ['keywords of quotes', post(onDemand, '{"keywords":["\\"\\"\\""]}'), 400],
  ['a limit that is a list', post(onDemand, '{"limit":[10]}'), 400],
  ['a form', post(onDemand, 'a=b', 'Content-Type: application/x-www-form-urlencoded'), 415],
  ['a text type', post(onDemand, '{}', 'Content-Type: text/plain'), 415],
  ['a type that is none', post(onDemand, '{}', 'Content-Type: ;;;'), 415],
  ['a coding nobody knows', post(onDemand, '{}', 'Content-Encoding: br'), 415],
  ['somebody else’s page', post(create, '{}', 'Origin: https://evil.example'), 403],
  ['a signed URL without a signature', get('/objects/datasets/web/data/x'), 403],
])('%s is answered in one line, and never 500', async (_what, [head, body], status) => {
  const heard = await say(head, body)
  const [, told] = /^HTTP\/1\.1 (\d{3})/.exec(heard) ?? []
  expect(Number(told ?? 0), heard.slice(0, 400)).toBe(status)
  const [, error] = heard.includes('"error"') ? (/("error".*)$/s.exec(heard) ?? []) : []
  expect(error ?? '').not.toMatch(/\n|    at /)
})

test.each(['limit', 'label', 'total', 'min_quality', 'from', 'cursor', 'facets'])('%s twice is told so', async (name) => {
  expect(await say(...get(`${documents}?${name}=1&${name}=2`))).toMatch(new RegExp(`/${name}: it is given more than once`))
})

test('it answers as before afterwards', async () => {
  expect(await say(...get(`${documents}?limit=1`))).toMatch(/^HTTP\/1\.1 200 .*"total":\{"documents":5,/s)
})
