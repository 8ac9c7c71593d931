import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sqliteLedger } from '#infra/ledger/sqlite.ts'
import { lineage } from '#schemas/lineage.ts'
import { openSubnet, testOrigin } from '#test/adversary/subnet.ts'
import { openTeller } from './teller.ts'

test('tells what is new since it was opened or told last, and what was written meanwhile', async () => {
  await using subnet = await openSubnet()
  await using ledger = sqliteLedger(join(subnet.dir, 'ledger.sqlite'), { clock: subnet.pace })
  const { catalog, telemetry } = subnet
  const snapshot = async (rows: number, gone: number) => {
    const line = lineage.snapshot('5Hot', 'job')
    const sha256 = '0'.repeat(64)
    const file = { key: 'data/x.parquet', sha256, bytes: 1, rows, text_bytes: 1, written_at: '2026-01-01T00:00:00.000Z', datetime_range: null }
    const listed = { file: { ...file, labels: [], columns: [] }, deletes: gone === 0 ? null : { key: 'deletes/x.dv', sha256, bytes: 1, rows: gone } }
    const parent = (await catalog.head(line))?.sha256
    const facts = { kind: 'snapshot' as const, parent: parent ?? null, origin: testOrigin, hotkey: '5Hot', job_id: 'job', written_at: file.written_at }
    const duplicates = { exact: 1, near: 2, clusters: 1 }
    await catalog.commit(line, parent, { ...facts, files: [listed], duplicates, signature: `0x${'0'.repeat(128)}` })
  }
  await snapshot(10, 0)
  telemetry.count('store.written', 100, { under: 'data' })
  let meanwhile: (() => Promise<void>) | undefined
  const deadSeeds = async () => {
    await meanwhile?.()
    return []
  }
  const parts = { ...subnet, ledger, validator: 'none', datasetName: 'web', deadSeeds }
  const [whole, recent] = [await openTeller(parts), await openTeller(parts)]
  const told = () => subnet.events.filter(({ name }) => name === 'turn.summary').map(({ fields }) => fields)
  await recent.tellNew()
  expect(told()).toEqual([])

  await snapshot(30, 5)
  telemetry.count('store.written', 7, { under: 'data' })
  telemetry.count('store.written', 5, { under: 'tokens' })
  subnet.pace.advance(2000)
  await recent.tellNew()
  await recent.tellNew()
  expect(told()).toMatchObject([
    { place: null, new: { documents: 15, in_dataset: 0 }, documents: { in_shards: 25 }, cost: { seconds: 2, bytes_written: { data: 7, tokens: 5 } } },
  ])
  await snapshot(30, 6)
  await recent.tellNew()
  // What comes while it is told is told the next time.
  await snapshot(30, 5)
  meanwhile = () => snapshot(32, 5)
  await recent.tellNew()
  meanwhile = undefined
  await recent.tellNew()
  expect(await whole.tell({ turn: 3, step: 'steered' })).toMatchObject({ new: { documents: 17 }, cost: { bytes_written: { data: 7, tokens: 5 } } })
  expect(told().map((each) => each['new'])).toMatchObject([{ documents: 15 }, { documents: -1 }, { documents: 1 }, { documents: 2 }, { documents: 17 }])
})
