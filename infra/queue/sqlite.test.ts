import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { queueSuite } from '#test/conformance/queue.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteQueue } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href

describe('sqliteQueue', () => {
  queueSuite(async () => ({ module, factory: 'sqliteQueue', args: [join(await temporaryFolder(), 'queue.sqlite'), 'work'] }))

  test('keeps the queues of one file apart', async () => {
    const path = join(await temporaryFolder(), 'queue.sqlite')
    await using a = sqliteQueue(path, 'a', { clock: manualClock() })
    await using b = sqliteQueue(path, 'b', { clock: manualClock() })
    await a.add([{ key: 'k', body: 'of a' }])
    expect(await b.claim({ limit: 1, leaseMs: 1 })).toEqual([])
    expect(await b.add([{ key: 'k', body: 'of b' }])).toBe(1)
    expect(await a.claim({ limit: 9, leaseMs: 1 })).toMatchObject([{ body: 'of a' }])
    expect(await b.stats()).toEqual({ waiting: 1, leased: 0, done: 0, dead: 0 })
  })
})
