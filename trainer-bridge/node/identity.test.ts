import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { developmentKey } from '#infra/chain/key-file.ts'
import { btauth } from '#infra/signed-http/btauth.ts'
import { signatureChecks } from '#infra/signed-http/checks.ts'
import { signedRequests } from '#infra/signed-http/verify.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { OrreryError } from '#schemas/errors.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { identityOf } from './identity.ts'
import { keptToken } from './kept-token.ts'

const { signer } = developmentKey('a node')
const here = developmentKey('the feed').signer.address
const request = { method: 'POST', path: '/v1/nodes', body: '{"node":"n"}' }
const refused = (details: object) => new OrreryError('unauthorized', 'no', { ...details })

test('a node whose clock is ten minutes off, and that does not know whom to sign for, is told both and is believed', async () => {
  const nowMs = 1_800_000_000_000
  const identity = identityOf({ signer, key: 'orr_key' }, () => nowMs - 600_000)
  await using checks = signatureChecks(inMemory)
  const verify = signedRequests({ schemes: [btauth], receivers: [here], date: () => nowMs, checks })
  const ask = async () => verify({ ...request, target: request.path, headers: await identity.headers(request), body: Buffer.from(request.body) })
  const told: unknown[] = []
  for (;;) {
    const error = await ask().then(
      (signed) => told.push(signed?.hotkey) && undefined,
      (cause: OrreryError) => cause,
    )
    if (!error) break
    told.push(Object.keys(error.details))
    expect(identity.learn(error)).toBe(true)
  }
  expect(told).toEqual([['scheme', 'server_time_ms'], ['scheme', 'receivers'], signer.address])
  expect(await identity.headers(request)).toMatchObject({ authorization: 'Bearer orr_key', 'x-bittensor-receiver': here })
  // No two requests of one millisecond have the same nonce.
  expect(await Promise.all(Array.from({ length: 20 }, async () => (await ask())?.hotkey))).toHaveLength(20)
})

test('the token of a feed stands for everything else, until it is over', async () => {
  const identity = identityOf({ key: 'orr_key' }, () => 0)
  expect(await identity.headers(request)).toEqual({ authorization: 'Bearer orr_key' })
  await identity.joined('orn_1')
  expect(await identity.headers(request)).toEqual({ authorization: 'Bearer orn_1' })
  await identity.joined(undefined)
  expect(await identity.headers(request)).toEqual({ authorization: 'Bearer orn_1' })
  expect([identity.learn(new OrreryError('forbidden', 'no')), identity.learn(refused({}))]).toEqual([false, true])
  expect(await identity.headers(request)).toEqual({ authorization: 'Bearer orr_key' })
  expect(identity.learn(refused({}))).toBe(false)
})

test('a refusal teaches nothing but what it is about', () => {
  const identity = identityOf({ signer }, () => 0)
  for (const details of [{}, { receivers: [] }, { receivers: 'x' }, { receivers: [7] }, { server_time_ms: '5' }, { server_time_ms: Infinity }])
    expect(identity.learn(refused(details))).toBe(false)
  expect(identity.learn(new Error('receivers'))).toBe(false)
})

test('a token outlives its process, for this feed and this name alone, and nobody else may read it', async () => {
  const folder = await temporaryFolder()
  const place = { origin: 'https://feed.example', node: 'n' }
  expect(await keptToken(folder, place).read()).toBeUndefined()
  await keptToken(folder, place).keep('orn_1')
  await keptToken(folder, place).keep('orn_2')
  const again = identityOf({ kept: keptToken(folder, place) }, () => 0)
  expect(await again.headers(request)).toEqual({ authorization: 'Bearer orn_2' })
  for (const other of [
    { ...place, node: 'm' },
    { ...place, origin: 'https://other.example' },
  ])
    expect(await keptToken(folder, other).read()).toBeUndefined()
  const [file] = await readdir(join(folder, 'node'))
  expect((await stat(join(folder, 'node', file ?? ''))).mode & 0o777).toBe(0o600)
})
