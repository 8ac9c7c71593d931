import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { queueSuite } from '#test/conformance/queue.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { rememberedMs } from '#schemas/queue.ts'
import { sqliteQueue } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href

describe('sqliteQueue', () => {
  queueSuite(async () => ({ module, factory: 'sqliteQueue', args: [join(await temporaryFolder(), 'queue.sqlite'), 'work'] }))

  test('keeps no body of what is done, and forgets what ended a little with each commit', async () => {
    const path = join(await temporaryFolder(), 'queue.sqlite')
    const clock = manualClock()
    await using queue = sqliteQueue(path, 'work', { clock })
    using raw = new DatabaseSync(path)
    const rows = () => raw.prepare('select count(*) as rows, coalesce(sum(length(body)), 0) as chars from messages').get()
    await queue.add(Array.from({ length: 700 }, (_, n) => ({ key: `k${n}`, body: 'x'.repeat(100) })))
    await queue.done(await queue.claim({ limit: 700, leaseMs: 1000 }))
    expect(rows()).toEqual({ rows: 700, chars: 0 })
    clock.advance(rememberedMs)
    await queue.stats()
    expect(rows()).toEqual({ rows: 200, chars: 0 })
    await queue.stats()
    expect(rows()).toEqual({ rows: 0, chars: 0 })
    expect(await queue.stats()).toEqual({ waiting: 0, leased: 0, done: 700, dead: 0 })
  })

  test('takes hundreds of calls that come at once with a sync or two', async () => {
    const path = join(await temporaryFolder(), 'queue.sqlite')
    await using queue = sqliteQueue(path, 'work', { clock: manualClock() })
    using raw = new DatabaseSync(path)
    // Each transaction that wrote something ends with a commit frame in the log: https://www.sqlite.org/fileformat2.html#walformat
    await queue.add([{ key: 'first', body: 1 }])
    const before = commitFrames(await readFile(`${path}-wal`))
    await Promise.all(Array.from({ length: 400 }, (_, n) => queue.add([{ key: `k${n}`, body: n }])))
    expect(commitFrames(await readFile(`${path}-wal`)) - before).toBeLessThanOrEqual(2)
    expect(raw.prepare('select count(*) as count from messages').get()).toEqual({ count: 401 })
  })

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

function commitFrames(log: Buffer): number {
  const [headerBytes, frameHeaderBytes, pageBytes] = [32, 24, log.readUInt32BE(8)]
  let count = 0
  for (let at = headerBytes; at < log.length; at += frameHeaderBytes + pageBytes) if (log.readUInt32BE(at + 4) > 0) count++
  return count
}
