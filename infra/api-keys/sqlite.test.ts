import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ApiKeyWish } from '#schemas/api-keys.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { portThread } from '../sqlite/port-thread.ts'
import { sqliteApiKeys } from './sqlite.ts'
import { threadedApiKeys } from './threaded.ts'

const wish: ApiKeyWish = { name: 'a reader', scopes: ['read'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null }

async function opened() {
  const path = join(await temporaryFolder(), 'keys.sqlite')
  const clock = manualClock(Date.UTC(2026, 0, 5, 12))
  return { path, clock, keys: sqliteApiKeys(path, { clock }) }
}

test('a key admits its bearer in every process, until it is revoked; nothing of it lies on disk', async () => {
  const { path, clock, keys } = await opened()
  await using first = keys
  await using second = threadedApiKeys(path, { thread: portThread('keys', clock) })
  const { key, secret } = await first.create(wish)
  expect(secret).toMatch(new RegExp(`^orr_${key.id}_[A-Za-z0-9_-]{43}$`))
  expect(await second.admit(secret)).toMatchObject({ outcome: 'admitted', key: { id: key.id, name: 'a reader', scopes: ['read'] } })
  expect(await second.list()).toEqual([{ ...key, lastUsedAt: clock.now() }])
  for (const wrong of [
    '',
    'orr_',
    secret.slice(0, -1),
    `${secret}a`,
    secret.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    secret.replace(key.id, '0'.repeat(12)),
  ])
    expect(await second.admit(wrong)).toEqual({ outcome: 'unknown' })
  expect((await second.revoke(key.id)).revokedAt).toBe(clock.now())
  expect(await first.admit(secret)).toEqual({ outcome: 'revoked' })
  for (const file of [path, `${path}-wal`]) expect(await readFile(file, 'latin1')).not.toContain(secret.slice(17))
})

test('a rotated key is taken under both secrets for as long as was said', async () => {
  const { clock, keys } = await opened()
  await using open = keys
  const { key, secret } = await open.create(wish)
  const { secret: next } = await open.rotate(key.id, 1000)
  expect(next).not.toBe(secret)
  const outcomes = async () => [(await open.admit(secret)).outcome, (await open.admit(next)).outcome]
  expect(await outcomes()).toEqual(['admitted', 'admitted'])
  clock.advance(1000)
  expect(await outcomes()).toEqual(['unknown', 'admitted'])
  await open.revoke(key.id)
  await expect(open.rotate(key.id, 0)).rejects.toMatchObject({ code: 'conflict' })
  const { key: brief } = await open.create({ ...wish, expiresAt: clock.now() + 1000 })
  for (const graceMs of [-1, NaN, 999_999_999_999 * 3_600_000]) await expect(open.rotate(brief.id, graceMs)).rejects.toMatchObject({ code: 'invalid_argument' })
  clock.advance(1000)
  await expect(open.rotate(brief.id, 0)).rejects.toMatchObject({ code: 'conflict' })
  expect((await open.list()).length).toBe(2)
  await expect(open.rotate('000000000000', 0)).rejects.toMatchObject({ code: 'not_found' })
})

test('quotas end and begin anew with the minute and the day', async () => {
  const { clock, keys } = await opened()
  await using open = keys
  const { key, secret } = await open.create({ ...wish, requestsPerMinute: 2, bytesPerDay: 100, expiresAt: clock.now() + 3 * 86_400_000 })
  const outcome = async () => {
    const admission = await open.admit(secret)
    return admission.outcome === 'quota' ? [admission.quota, admission.retrySeconds] : admission.outcome
  }
  expect([await outcome(), await outcome(), await outcome()]).toEqual(['admitted', 'admitted', ['requests_per_minute', 60]])
  clock.advance(60_000)
  await open.charge(key.id, 60)
  expect(await outcome()).toBe('admitted')
  await open.charge(key.id, 60)
  expect(await outcome()).toEqual(['bytes_per_day', 12 * 3600 - 60])
  clock.advance(86_400_000)
  expect(await outcome()).toBe('admitted')
  clock.advance(3 * 86_400_000)
  expect(await outcome()).toBe('expired')
})

test.each([
  [{ name: '' }, /name/],
  [{ name: 'a\nb' }, /name/],
  [{ scopes: [] }, /scopes/],
  [{ scopes: ['all'] as never }, /scopes/],
  [{ requestsPerMinute: 0 }, /quota/],
  [{ bytesPerDay: 1.5 }, /quota/],
  [{ expiresAt: 1 }, /expired/],
  [{ expiresAt: NaN }, /expired/],
  [{ expiresAt: 104_000_000 * 86_400_000 }, /36,500 days/],
])('no key is made of %j', async (odd, message) => {
  const { keys } = await opened()
  await using open = keys
  await expect(open.create({ ...wish, ...odd })).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(message) })
})
