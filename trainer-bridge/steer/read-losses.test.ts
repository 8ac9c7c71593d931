import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteLedger } from '#infra/ledger/sqlite.ts'
import { sqliteNodes } from '#infra/nodes/sqlite.ts'
import { temporaryFolder } from '#test/golden/bridge.ts'
import { readLosses } from './read-losses.ts'

test('the nodes of one operator are one voice, and who has no credential speaks for himself', async () => {
  await using folder = await temporaryFolder()
  await using ledger = sqliteLedger(join(folder.path, 'ledger.sqlite'), { clock: systemClock() })
  await using nodes = sqliteNodes(join(folder.path, 'nodes.sqlite'), { clock: systemClock() })
  const [planId, epoch, batches] = ['a'.repeat(64), 0, 12]
  await ledger.open(planId, epoch, batches, 5)
  for (let n = 0; n < batches; n++) {
    const [node, via, operator] = n < 8 ? [`evil-${n}`, 'token', 'evil'] : [`n${n}`, 'open', 'open']
    await nodes.bind(node as string, { id: `${via} ${n}`, operator: operator as string, via: via as 'token' | 'open' })
    const { leases } = await ledger.lease(planId, epoch, { node: node as string, limit: 1, ttlMs: 60_000, outstandingMax: 4 })
    for (const { batch, token, fence } of leases)
      await ledger.answer(planId, epoch, {
        node: node as string,
        replies: [{ kind: 'ack', batch, token, fence, label: 'web', loss: n < 8 ? 900 : 5, tokens: 64 }],
      })
  }
  await ledger.close(planId, epoch)
  const geometry = { rows: 2, sequence_tokens: 32, next_token: false, packing: 'stream', batch_sources: 'one', validation_share: 0 } as const
  const closed = { planId, epoch, plan: { geometry }, batches: { length: batches, label: () => 'web' } }
  const losses = await readLosses({ ledger, nodes }, closed)
  expect(losses.of('web', 0)).toMatchObject({ batches, voices: 5, windows: [{ medians: [5, 5] }] })
  // The loss of rows of many sources says nothing of one.
  const mixed = await readLosses({ ledger, nodes }, { ...closed, plan: { geometry: { ...geometry, batch_sources: 'mixed' } } })
  expect(mixed.labels()).toEqual([])
})
