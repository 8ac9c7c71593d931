import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteUsage, threadedUsage } from './usage.ts'

test.each([
  ['sqliteUsage', sqliteUsage],
  ['threadedUsage', threadedUsage],
])('%s: what a day may have is counted by hotkey, over restarts, and begins anew with the next', async (_, open) => {
  const path = join(await temporaryFolder(), 'usage.sqlite')
  const clock = manualClock()
  const limits = { requests: 3, bytes: 100 }
  {
    await using usage = open(path, { clock })
    await usage.charge('a', { requests: 1, bytes: 60 }, limits)
    await expect(usage.charge('a', { requests: 1, bytes: 41 }, limits)).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retry_after_seconds: 86_400 },
    })
    await usage.charge('b', { requests: 3, bytes: 0 }, limits)
  }
  await using usage = open(path, { clock })
  await expect(usage.charge('b', { requests: 1, bytes: 0 }, limits)).rejects.toMatchObject({ code: 'rate_limited' })
  await usage.charge('a', { requests: 2, bytes: 40 }, limits)
  clock.advance(86_400_000)
  await usage.charge('a', { requests: 3, bytes: 100 }, limits)
  clock.advance(2 * 86_400_000)
  await usage.charge('c', { requests: 1, bytes: 1 }, limits)
  using raw = new DatabaseSync(path)
  expect(raw.prepare('select hotkey from usage').all()).toEqual([{ hotkey: 'c' }])
})
