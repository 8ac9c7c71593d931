import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { inspectLocalChain, localChain } from './local.ts'

test('names a file of a newer version and the remedy, and writes nothing', async () => {
  const path = join(await temporaryFolder(), 'chain.db')
  await localChain(path, { clock: manualClock(), netuid: 13 })[Symbol.asyncDispose]()
  expect(() => inspectLocalChain(path)).not.toThrow()
  const db = new DatabaseSync(path)
  db.exec('pragma user_version = 99')
  db.close()
  const before = statSync(path).mtimeMs
  expect(() => inspectLocalChain(path)).toThrow(expect.objectContaining({ code: 'newer_version', message: expect.stringContaining(path) as string }))
  expect(() => localChain(path, { clock: manualClock(), netuid: 13 })).toThrow(expect.objectContaining({ code: 'newer_version' }))
  expect(statSync(path).mtimeMs).toBe(before)
})

test('takes a missing file, refuses one that is no chain', async () => {
  const path = join(await temporaryFolder(), 'other.db')
  expect(() => inspectLocalChain(path)).not.toThrow()
  writeFileSync(path, 'not a database, but long enough to be taken for one'.repeat(10))
  expect(() => inspectLocalChain(path)).toThrow(expect.objectContaining({ code: 'data_unreadable' }))
})
