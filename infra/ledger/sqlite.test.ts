import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { ledgerSuite } from '#test/conformance/ledger.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import type { BatchLease } from '#schemas/ledger.ts'
import { sqliteLedger } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href

describe('sqliteLedger', () => {
  ledgerSuite(async () => ({ module, factory: 'sqliteLedger', args: [join(await temporaryFolder(), 'ledger.sqlite')] }))

  test('writes down every state a batch came into, for ever', async () => {
    const path = join(await temporaryFolder(), 'ledger.sqlite')
    const clock = manualClock(1000)
    await using ledger = sqliteLedger(path, { clock })
    await ledger.open('p', 0, ['a', 'a'])
    const lease = async (node: string) => (await ledger.lease('p', 0, { node, limit: 1, ttlMs: 10 }))[0] as BatchLease
    await lease('slow')
    clock.advance(10)
    await ledger.nack(await lease('small'), 'out of memory')
    await ledger.settle(await lease('good'), { loss: 1, tokens: 1 })
    await ledger.close('p', 0)
    const raw = new DatabaseSync(path)
    const events = raw.prepare('select batch, state, at, node, reason from events order by id').all()
    expect(events.map((event) => Object.values(event))).toEqual([
      [0, 'planned', 1000, null, null],
      [1, 'planned', 1000, null, null],
      [0, 'leased', 1000, 'slow', null],
      [0, 'expired', 1010, 'slow', null],
      [0, 'leased', 1010, 'small', null],
      [0, 'nacked', 1010, 'small', 'out of memory'],
      [0, 'leased', 1010, 'good', null],
      [0, 'trained', 1010, 'good', null],
      [0, 'settled', 1010, 'good', null],
      [1, 'void', 1010, null, null],
    ])
    expect(() => raw.exec('delete from events')).toThrow('append-only')
    expect(() => raw.exec(`insert into events select null, plan_id, epoch, batch, state, at, node, reason from events where state = 'settled'`)).toThrow(
      'UNIQUE',
    )
    raw.close()
  })
})
