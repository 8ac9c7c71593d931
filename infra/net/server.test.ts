import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import { createServer, listen, type Server, type ServerParts } from './server.ts'

async function served(parts: ServerParts = {}) {
  const app = await createServer({ title: 'Test', version: '1', description: 'A test.' }, parts)
  await app.register(async (routes) => {
    routes.get('/lost', () => {
      throw new OrreryError('not_found', 'There is no such thing.', { thing: 'x' })
    })
    routes.get('/number', { schema: { querystring: z.object({ n: z.coerce.number().int() }) } }, () => ({ ok: true }))
    routes.post('/number', { schema: { body: z.strictObject({ n: z.int() }) } }, ({ body }) => body)
    routes.get('/full', () => {
      throw new OrreryError('rate_limited', 'Wait.', { retry_after_seconds: 2.5 })
    })
    routes.get('/disk', () => {
      throw new OrreryError('store_unavailable', 'The file /srv/x.sqlite cannot be used now: the disk is full.', { path: '/srv/x.sqlite' })
    })
    routes.get('/broken', () => {
      throw new Error('secret of the inside')
    })
  })
  return app
}

test('answers a coded error with its own status, code and details', async () => {
  await using app = await served()
  const answer = await app.inject('/lost')
  expect(answer.statusCode).toBe(404)
  expect(answer.json()).toEqual({
    error: { code: 'not_found', message: 'There is no such thing.', details: { thing: 'x' }, request_id: answer.headers['x-request-id'] },
  })
})

test('answers a wrong query with 400 and says which field', async () => {
  await using app = await served()
  const answer = await app.inject('/number?n=many')
  expect(answer.statusCode).toBe(400)
  expect(answer.json().error).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('/n') })
})

test('does not tell the inside of an unexpected error', async () => {
  await using app = await served()
  const warned = new Promise((resolve) => process.once('warning', resolve))
  const answer = await app.inject('/broken')
  expect(answer.statusCode).toBe(500)
  expect(answer.body).not.toContain('secret')
  await warned
})

test('does not tell where its files are, and keeps the code', async () => {
  const told: unknown[] = []
  await using app = await served({ telemetry: { count: () => undefined, event: (_name, fields) => told.push(fields?.['error']) } })
  const answer = await app.inject('/disk')
  expect([answer.statusCode, answer.json().error.code, answer.headers['retry-after']]).toEqual([503, 'store_unavailable', '1'])
  expect(answer.body).not.toContain('/srv')
  expect(told).toEqual([expect.stringContaining('/srv/x.sqlite')])
})

test('takes a sane request id, makes one otherwise, and tells the log of what failed under it', async () => {
  const told: unknown[] = []
  await using app = await served({ telemetry: { count: () => undefined, event: (name, fields) => told.push([name, fields?.['request_id']]) } })
  const ask = async (id: string, url = '/number?n=1') => (await app.inject({ url, headers: { 'x-request-id': id } })).headers['x-request-id']
  expect(await ask('abc-1.2:3')).toBe('abc-1.2:3')
  for (const odd of ['', 'a b', 'x'.repeat(101), '<script>']) expect(await ask(odd)).toMatch(/^[0-9a-f-]{36}$/)
  const warned = new Promise((resolve) => process.once('warning', resolve))
  await ask('mine', '/broken')
  await warned
  expect(told).toEqual([['http.failed', 'mine']])
})

test('takes JSON that says nothing of its type, and refuses what says that it is another with 415', async () => {
  await using app = await served()
  const post = async (type: string | undefined, payload: string) => {
    const answer = await app.inject({ method: 'POST', url: '/number', payload, headers: type === undefined ? {} : { 'content-type': type } })
    return [answer.statusCode, answer.json().n ?? answer.json().error.code]
  }
  expect(await post(undefined, '{"n":1}')).toEqual([200, 1])
  expect(await post('Application/JSON; charset=utf-8', '{"n":1}')).toEqual([200, 1])
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml'])
    expect(await post(type, '{"n":1}')).toEqual([415, 'unsupported_media_type'])
  const form = await app.inject({ method: 'POST', url: '/number', payload: 'n=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  expect(form.json().error.message).toMatch(/send JSON, with Content-Type: application\/json$/)
  expect(await post('application/json', '{"n":')).toEqual([400, 'invalid_argument'])
  expect(await post('application/json', '{"n":1,"__proto__":{"a":1}}')).toEqual([400, 'invalid_argument'])
  expect(await post('application/json', JSON.stringify({ n: 1, text: 'x'.repeat(2 ** 20) }))).toEqual([413, 'too_large'])
})

test('says which methods a path takes, and that there is no such path', async () => {
  await using app = await served()
  const ask = async (method: 'DELETE' | 'OPTIONS' | 'PUT', url: string) => {
    const { statusCode, headers } = await app.inject({ method, url })
    return [statusCode, headers['allow']]
  }
  expect(await ask('DELETE', '/number?n=1')).toEqual([405, 'GET, HEAD, OPTIONS, POST'])
  expect(await ask('OPTIONS', '/number')).toEqual([204, 'GET, HEAD, OPTIONS, POST'])
  expect(await ask('PUT', '/numbers')).toEqual([404, undefined])
  expect((await app.inject(`/number?n=1&x=${'y'.repeat(9000)}`)).statusCode).toBe(414)
})

test('sends who writes a slash too much to where it is meant, and nowhere else', async () => {
  await using app = await served()
  app.get('/named/:name', () => ({}))
  app.get('/all/*', () => ({}))
  const asked = async (url: string) => {
    const { statusCode, headers } = await app.inject(url)
    return [statusCode, headers.location]
  }
  expect(await asked('/number/?n=1')).toEqual([307, '/number?n=1'])
  expect(await asked('/named/a/')).toEqual([307, '/named/a'])
  for (const none of ['/numbers/', '/number//', '//evil.example/', '/named/', '/']) expect(await asked(none), none).toEqual([expect.any(Number), undefined])
  expect(await asked('/all/a/')).toEqual([200, undefined])
  expect((await app.inject({ method: 'POST', url: '/number/', payload: { n: 1 } })).statusCode).toBe(307)
})

test('says when to come again', async () => {
  await using app = await served()
  const { statusCode, headers } = await app.inject('/full')
  expect([statusCode, headers['retry-after']]).toEqual([429, '3'])
})

test('is ready while all it stands on answers', async () => {
  let isThere = true
  let looks = 0
  const look = async () => {
    looks++
    await setImmediate()
    if (!isThere) throw new Error('gone')
  }
  await using app = await served({ readiness: new Map([['store', look]]) })
  expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready', checks: [{ name: 'store', ok: true }] })
  looks = 0
  await Promise.all(Array.from({ length: 50 }, () => app.inject('/readyz')))
  expect(looks).toBeLessThan(10)
  isThere = false
  const answer = await app.inject('/readyz')
  expect([answer.statusCode, answer.json().status]).toEqual([503, 'unready'])
  expect((await app.inject('/healthz')).statusCode).toBe(200)
})

test('counts for Prometheus: requests by route, never by address, and what the program counts', async () => {
  await using app = await served({ counts: () => ({ 'crawl.pages': 3, 'crawl.rejects{reason=a"b,c}': 1, 'x{a=1,b=2}': 4 }) })
  for (const n of [1, 2]) await app.inject(`/number?n=${n}`)
  await app.inject('/nowhere/1')
  const { body, headers } = await app.inject('/metrics')
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(body).toContain('orrery_http_request_duration_seconds_count{method="GET",route="/number",status="200"} 2')
  expect(body).toContain('orrery_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1')
  expect(body).toContain('\norrery_crawl_pages_total 3\n')
  expect(body).toContain('orrery_crawl_rejects_total{reason="a\\"b,c"} 1')
  expect(body).toContain('orrery_x_total{a="1",b="2"} 4')
  expect(body).not.toContain('nowhere')
})

test('a browser runs nothing of it, and reads it from the origins that may', async () => {
  await using app = await served({ corsOrigins: ['https://good.example'] })
  const ask = async (origin: string) => (await app.inject({ url: '/number?n=1', headers: { origin } })).headers
  const allowed = await ask('https://good.example')
  expect(allowed['access-control-allow-origin']).toBe('https://good.example')
  expect(allowed['content-security-policy']).toContain("default-src 'none'")
  expect(allowed['x-content-type-options']).toBe('nosniff')
  expect(allowed).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-frame-options': 'SAMEORIGIN', 'cross-origin-resource-policy': 'cross-origin' })
  expect(allowed['strict-transport-security']).toBeUndefined()
  expect((await ask('https://bad.example'))['access-control-allow-origin']).toBeUndefined()
  const options = async (url: string, headers: Record<string, string> = {}) => {
    const { statusCode, headers: told } = await app.inject({ method: 'OPTIONS', url, headers })
    return [statusCode, told['allow'], told['access-control-allow-origin']]
  }
  expect(await options('/number')).toEqual([204, 'GET, HEAD, OPTIONS, POST', undefined])
  expect(await options('/nowhere')).toEqual([404, undefined, undefined])
  const preflight = { origin: 'https://good.example', 'access-control-request-method': 'POST' }
  expect(await options('/number', preflight)).toEqual([204, undefined, 'https://good.example'])
  await using closed = await served()
  expect((await closed.inject({ url: '/number?n=1', headers: { origin: 'https://good.example' } })).headers).not.toHaveProperty('access-control-allow-origin')
})

/** What a service says to bytes on a connection of their own. */
async function sayTo(app: Server): Promise<(text: string) => Promise<string>> {
  const { port } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'dataset.port' })
  return (text) =>
    new Promise<string>((done) => {
      let heard = ''
      const socket = connect(port, '127.0.0.1', () => socket.end(text))
      socket.on('data', (piece) => (heard += piece.toString()))
      socket.on('error', () => undefined)
      socket.on('close', () => done(heard))
    })
}

test('who closes the side that it sends on is answered, each of its requests in its turn', async () => {
  await using app = await served()
  const say = await sayTo(app)
  const post = 'POST /number HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n{"n":1}'
  expect((await say(post)).split('\r\n\r\n')[1]).toBe('{"n":1}')
  expect((await say(post + post + post)).match(/HTTP\/1.1 200 OK/g)).toHaveLength(3)
})

test('a request has one host, but where it is older than hosts are', async () => {
  await using app = await served()
  const say = await sayTo(app)
  const ask = (version: string, hosts = '') => say(`GET /number?n=1 HTTP/${version}\r\n${hosts}Connection: close\r\n\r\n`)
  expect(await ask('1.1', 'Host: a\r\n')).toMatch(/^HTTP\/1.1 200 /)
  expect(await ask('1.0')).toMatch(/^HTTP\/1.1 200 /)
  for (const hosts of ['', 'Host: a\r\nhOST: b\r\n']) expect(await ask('1.1', hosts)).toMatch(/^HTTP\/1.1 400 .*send one Host/s)
})

test('what is no HTTP is told so, in our words', async () => {
  await using app = await served()
  const say = await sayTo(app)
  expect(await say('hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*"code":"invalid_argument"/s)
  expect(await say('BREW / HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^HTTP\/1.1 501 .*method/s)
  expect(await say(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
  expect(await say('POST /number HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{}')).toMatch(/^HTTP\/1.1 400 /)
  expect(await say('GET /%ZZ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*"request_id"/s)
  await using other = await served({ failureForm: 'problem' })
  const told = await (await sayTo(other))('hello\r\n\r\n')
  expect(told).toMatch(/^HTTP\/1.1 400 Bad Request\r\n.*\r\nContent-Type: application\/problem\+json\r\n.*"title":"Bad Request","status":400,/s)
})

test('describes itself in OpenAPI 3.1', async () => {
  await using app = await served()
  const { openapi, paths } = (await app.inject('/openapi.json')).json()
  expect(openapi).toBe('3.1.0')
  expect(Object.keys(paths)).toContain('/number')
})

test('names the port and the setting when the port is taken', async () => {
  await using first = await served()
  await using second = await served()
  const { port } = await listen(first, { host: '127.0.0.1', port: 0, setting: 'dataset.port' })
  await expect(listen(second, { host: '127.0.0.1', port, setting: 'dataset.port' })).rejects.toMatchObject({
    code: 'port_in_use',
    message: expect.stringContaining(`Port ${port}`),
  })
})
