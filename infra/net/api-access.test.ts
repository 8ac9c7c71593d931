import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sqliteApiKeys } from '#infra/api-keys/sqlite.ts'
import type { ApiKeyWish } from '#schemas/api-keys.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { isLoopback, type ApiAccess } from './api-access.ts'
import { createServer } from './server.ts'

async function guarded(settings: Partial<Omit<ApiAccess, 'keys'>> = {}) {
  const clock = manualClock(Date.UTC(2026, 0, 5, 12))
  const keys = sqliteApiKeys(join(await temporaryFolder(), 'keys.sqlite'), { clock })
  const access = { keys, requireKey: 'auto' as const, host: '127.0.0.1', corsOrigins: ['https://good.example'], ...settings }
  const app = await createServer({ title: 'Test', version: '1', description: 'A test.' }, { access: () => access })
  await app.register(async (routes) => {
    routes.get('/data', () => ({ text: 'x'.repeat(90) }))
    routes.post('/sql', { config: { scope: 'sql' } }, () => ({ rows: [] }))
    routes.post('/tasks', { config: { scope: 'tasks' } }, () => ({}))
  })
  const made = (wish: Partial<ApiKeyWish> = {}) =>
    keys.create({ name: 'a test', scopes: ['read'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null, ...wish })
  return { app, keys, clock, made, [Symbol.asyncDispose]: async () => (await app.close(), await keys[Symbol.asyncDispose]()) }
}

test('whoever asks this machine from this machine needs no key; all others do', async () => {
  await using local = await guarded()
  const ask = async (options: { remoteAddress?: string; headers?: Record<string, string>; url?: string }) =>
    (await local.app.inject({ url: '/data', remoteAddress: '127.0.0.1', ...options })).statusCode
  expect(await ask({})).toBe(200)
  expect(await ask({ remoteAddress: '::ffff:127.0.0.1', headers: { host: '[::1]:8710' } })).toBe(200)
  expect(await ask({ remoteAddress: '192.0.2.7' })).toBe(401)
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) expect(await ask({ headers: { [name]: '192.0.2.7' } })).toBe(401)
  expect(await ask({ headers: { host: 'rebound.example' } })).toBe(401)
  for (const url of ['/healthz', '/readyz', '/openapi.json']) expect(await ask({ url, remoteAddress: '192.0.2.7' })).toBe(200)
  expect(await ask({ url: '/nothing', remoteAddress: '192.0.2.7' })).toBe(401)

  await using wide = await guarded({ host: '0.0.0.0' })
  const refused = await wide.app.inject('/data')
  expect([refused.statusCode, refused.headers['www-authenticate']]).toEqual([401, 'Bearer realm="orrery"'])
  await using strict = await guarded({ requireKey: 'always' })
  expect((await strict.app.inject('/data')).statusCode).toBe(401)
  await using free = await guarded({ requireKey: 'never', host: '0.0.0.0' })
  expect((await free.app.inject({ url: '/data', remoteAddress: '192.0.2.7' })).statusCode).toBe(200)
})

test('a page of a stranger does nothing here through the browser of somebody of this machine', async () => {
  await using local = await guarded()
  const post = async (origin: string) => (await local.app.inject({ method: 'POST', url: '/sql', headers: { origin, host: 'localhost:8710' } })).statusCode
  expect(await post('https://evil.example')).toBe(403)
  expect(await post('null')).toBe(403)
  expect(await post('https://good.example')).toBe(200)
  expect(await post('http://localhost:8710')).toBe(200)

  await using free = await guarded({ requireKey: 'never', corsOrigins: ['*'] })
  const ask = async (url: string, origin: string) => (await free.app.inject({ method: 'POST', url, headers: { origin, host: 'data.example' } })).statusCode
  expect([await ask('/sql', 'https://any.example'), await ask('/tasks', 'https://data.example')]).toEqual([200, 200])
  expect(await ask('/tasks', 'https://any.example')).toBe(403)
  await using quiet = await guarded({ requireKey: 'never', corsOrigins: [] })
  expect((await quiet.app.inject({ method: 'POST', url: '/sql', headers: { origin: 'https://evil.example' } })).statusCode).toBe(403)
})

test('a key opens what its scopes reach, under either header', async () => {
  await using wide = await guarded({ host: '0.0.0.0' })
  const { secret } = await wide.made()
  const ask = async (headers: Record<string, string>, url = '/data', method: 'GET' | 'POST' = 'GET') =>
    (await wide.app.inject({ method, url, headers })).statusCode
  expect(await ask({ authorization: `Bearer ${secret}` })).toBe(200)
  expect(await ask({ authorization: `bearer  ${secret} ` })).toBe(200)
  expect(await ask({ 'x-api-key': secret })).toBe(200)
  for (const authorization of ['Bearer', 'Bearer ', `Basic ${secret}`, secret, `Bearer ${secret}x`, `Bearer ${'y'.repeat(9000)}`])
    expect(await ask({ authorization })).toBe(401)
  const refused = await wide.app.inject({ method: 'POST', url: '/sql', headers: { 'x-api-key': secret } })
  expect([refused.statusCode, refused.headers['www-authenticate']]).toEqual([403, 'Bearer realm="orrery", error="insufficient_scope", scope="sql"'])
  const { secret: able } = await wide.made({ scopes: ['read', 'sql'] })
  expect(await ask({ 'x-api-key': able }, '/sql', 'POST')).toBe(200)
})

test('a key that is wrong is refused where none is needed, too, and is never told', async () => {
  await using local = await guarded()
  const { key, secret } = await local.made()
  await local.keys.revoke(key.id)
  const answer = await local.app.inject({ url: '/data', headers: { authorization: `Bearer ${secret}` } })
  expect([answer.statusCode, answer.json().error.message]).toEqual([401, expect.stringMatching(/was revoked/)])
  expect(answer.body).not.toContain(secret)
})

test('what is no key of ours asks as who has none', async () => {
  await using local = await guarded()
  await using strict = await guarded({ requireKey: 'always' })
  for (const authorization of ['Bearer None', 'Bearer', 'Basic b3JyX2E6Yg==', `Bearer ${' '.repeat(8000)}x`]) {
    expect((await local.app.inject({ url: '/data', headers: { authorization } })).statusCode).toBe(200)
    expect((await strict.app.inject({ url: '/data', headers: { authorization } })).json().error.message).toMatch(/^A key is needed/)
  }
})

test('a quota that is used up is 429, with the time to come again', async () => {
  await using wide = await guarded({ host: '0.0.0.0' })
  const { secret } = await wide.made({ bytesPerDay: 150 })
  const ask = async () => {
    const { statusCode, headers } = await wide.app.inject({ url: '/data', headers: { 'x-api-key': secret } })
    return [statusCode, headers['retry-after']]
  }
  expect([await ask(), await ask(), await ask()]).toEqual([
    [200, undefined],
    [200, undefined],
    [429, String(12 * 3600)],
  ])
})

test.each(['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '::ffff:127.0.0.1'])('%s is this machine', (host) => {
  expect(isLoopback(host)).toBe(true)
})
test.each(['', '0.0.0.0', '::', '10.0.0.1', 'localhost.example', '127.0.0.1.example', '::ffff:10.0.0.1', 'notlocalhost'])('%s is not', (host) => {
  expect(isLoopback(host)).toBe(false)
})
