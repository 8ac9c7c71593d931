import { expect, test } from 'vitest'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import { createServer, listen } from './server.ts'

async function served() {
  const app = await createServer({ title: 'Test', version: '1', description: 'A test.' })
  await app.register(async (routes) => {
    routes.get('/lost', () => {
      throw new OrreryError('not_found', 'There is no such thing.', { thing: 'x' })
    })
    routes.get('/number', { schema: { querystring: z.object({ n: z.coerce.number().int() }) } }, () => ({ ok: true }))
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
  expect(answer.json()).toEqual({ error: { code: 'not_found', message: 'There is no such thing.', details: { thing: 'x' } } })
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
