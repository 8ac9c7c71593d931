import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { leases, settle } from '#test/conformance/answer-lease.ts'
import { ledgerSuite } from '#test/conformance/ledger.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { keptEpochs } from '#schemas/ledger.ts'
import { openDatabase } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { sqliteLedger } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href

describe('sqliteLedger', () => {
  ledgerSuite(async () => ({ module, factory: 'sqliteLedger', args: [join(await temporaryFolder(), 'ledger.sqlite')] }))

  test('what is settled is final', async () => {
    const path = join(await temporaryFolder(), 'ledger.sqlite')
    const clock = manualClock(1000)
    await using ledger = sqliteLedger(path, { clock })
    await ledger.open('p', 0, 2)
    const [held] = await leases(ledger, ['p', 0])
    await settle(ledger, held!, { loss: 1, tokens: 1 })
    const raw = new DatabaseSync(path)
    expect(() => raw.exec('delete from settlements')).toThrow('final')
    expect(() => raw.exec('update settlements set loss = 0')).toThrow('final')
    expect(() => raw.exec('insert into settlements select epoch, 2, batch, node, lease, loss, tokens, settled_at from settlements')).toThrow('UNIQUE')
    raw.close()
  })

  test('its file does not grow with the epochs that were closed long ago', async () => {
    const path = join(await temporaryFolder(), 'ledger.sqlite')
    await using ledger = sqliteLedger(path, { clock: manualClock(1000) })
    const train = async (epoch: number): Promise<void> => {
      await ledger.open('p', epoch, 40)
      for (const lease of await leases(ledger, ['p', epoch], { limit: 30 })) await settle(ledger, lease, { loss: 1, tokens: 1 })
      await ledger.close('p', epoch)
    }
    const rows = (): number[] => {
      using raw = new DatabaseSync(path)
      return ['batches', 'settlements'].map((table) => Number(raw.prepare(`select count(*) as n from ${table}`).get()?.['n']))
    }
    for (let epoch = 0; epoch < keptEpochs + 4; epoch++) await train(epoch)
    expect(rows()).toEqual([0, keptEpochs * 30])
  })

  test('a file of the first version opens: what was settled is known, what was not goes on', async () => {
    const path = join(await temporaryFolder(), 'ledger.sqlite')
    openDatabase(path, { ...fileSchemas.ledger, steps: fileSchemas.ledger.steps.slice(0, 1) })[Symbol.dispose]()
    const raw = new DatabaseSync(path)
    raw.exec(`
      insert into epochs values ('p', 0, 2, 1, 'x'), ('q', 1, 1, 0, 'x');
      insert into batches values ('p', 0, 0, 'a', 'settled', 't', 'n', 1, 2, null), ('p', 0, 1, 'a', 'void', null, null, null, null, null),
        ('q', 1, 0, 'a', 'settled', 't', 'n', 1, 2, null), ('q', 1, 1, 'a', 'nacked', null, null, 1, 2, null), ('q', 1, 2, 'a', 'planned', null, null, null, null, null);
      insert into settlements values (1, 'p', 0, 0, 'n', 't', 1.5, 9, 1), (2, 'q', 1, 0, 'n', 't', 2.5, 9, 1);
      insert into events values (1, 'p', 0, 0, 'settled', 1, 'n', null)`)
    raw.close()
    await using ledger = sqliteLedger(path, { clock: manualClock(1000) })
    expect(await ledger.progress('p', 0)).toMatchObject({ closed: true, states: { settled: 1, void: 1 } })
    expect(await ledger.open('q', 1, 3)).toMatchObject({ closed: false, states: { settled: 1, nacked: 1, planned: 1, void: 0 } })
    expect(await ledger.settlements('q', 1, { limit: 9 })).toMatchObject([{ batch: 0, loss: 2.5 }])
    expect((await leases(ledger, ['q', 1], { limit: 9 })).map(({ batch }) => batch)).toEqual([2, 1])
  })
})
