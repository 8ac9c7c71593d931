import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { signedPaths } from './signed-paths.ts'

const refused = expect.objectContaining({ code: 'forbidden' })

test('a path that was signed is good for whoever has it, as often as they like, until it expires', async () => {
  const folder = await temporaryFolder()
  const clock = manualClock(1_000)
  const paths = signedPaths(folder, clock)
  for (const path of ['/v1/a', '/v1/a?format=text']) {
    const signed = await paths.sign(path, 500)
    expect(signed.startsWith(path)).toBe(true)
    await paths.require(signed)
    await paths.require(signed)
    clock.advance(500)
    await expect(paths.require(signed)).rejects.toEqual(refused)
  }
})

test('nothing but the very path is', async () => {
  const folder = await temporaryFolder()
  const paths = signedPaths(folder, manualClock(1_000))
  const signed = await paths.sign('/v1/a?format=text', 500)
  const others = [
    '/v1/a?format=text',
    signed.replace('/a', '/b'),
    signed.replace('text', 'raw'),
    signed.replace('1500', '9500'),
    `${signed}0`,
    signed.slice(0, -1),
    signed.replace('?format=text&', '?'),
    `${signed}&expires=9999&signature=${'0'.repeat(64)}`,
    signed.toUpperCase(),
    `x?expires=1&signature=${'0'.repeat(64)}`,
    '',
  ]
  for (const other of others) await expect(paths.require(other)).rejects.toEqual(refused)
  await expect(paths.sign('/v1/a', 0)).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(paths.sign('/v1/a', 8 * 24 * 3_600_000)).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('the secret is made once for all processes on a folder, and outlives them', async () => {
  const folder = await temporaryFolder()
  const clock = manualClock(1_000)
  const [one, two] = [signedPaths(folder, clock), signedPaths(folder, clock)]
  const [a, b] = await Promise.all([one.sign('/a', 100), two.sign('/b', 100)])
  for (const paths of [one, two, signedPaths(folder, clock)]) await Promise.all([paths.require(a), paths.require(b)])
  const path = join(folder, 'url-secret')
  expect([await readdir(folder), (await readFile(path)).length]).toEqual([['.tmp', 'url-secret'], 32])
  await writeFile(path, 'short')
  await expect(signedPaths(folder, clock).sign('/a', 100)).rejects.toMatchObject({ code: 'data_unreadable' })
})
