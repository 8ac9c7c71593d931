import { expect, test } from 'vitest'
import { publishKilled } from './killed-publish.ts'

test('kill -9 in the middle of a publication, again and again: in the end the repository is the same, and nothing was sent twice', async () => {
  const { exitCode, whole, killed } = await publishKilled({ files: 9, kills: 3, seed: 20 })
  expect([exitCode, whole.uploaded.length]).toEqual([0, 9])
  expect(killed).toEqual(whole)
})
