import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { sqliteLedger } from '#infra/ledger/sqlite.ts'
import type { BatchLease, BatchReply, Ledger } from '#schemas/ledger.ts'
import { median } from './bench.ts'

const [planId, node, portion, rounds] = ['p', 'node', 500, 15]

const key = (epoch: number) => [planId, epoch] as const

async function lend(ledger: Ledger, epoch: number): Promise<BatchLease[]> {
  return (await ledger.lease(planId, epoch, { node, limit: portion, ttlMs: 600_000, outstandingMax: portion })).leases
}

const replyOf = ({ batch, token, fence }: BatchLease, kind: 'ack' | 'renew'): BatchReply =>
  kind === 'ack' ? { batch, token, fence, kind, label: 'web', loss: 3, tokens: 1024 } : { batch, token, fence, kind, ttlMs: 600_000 }

async function cpuUs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** CPU of so many leases, renewals, answers and looks at the progress of an epoch, one call each, µs. */
async function portionUs(ledger: Ledger, epoch: number): Promise<number> {
  let leases: BatchLease[] = []
  const one = (kind: 'ack' | 'renew') => Promise.all(leases.map((lease) => ledger.answer(...key(epoch), { node, replies: [replyOf(lease, kind)] })))
  return cpuUs(async () => {
    leases = await lend(ledger, epoch)
    await one('renew')
    await one('ack')
    await Promise.all(leases.map(() => ledger.progress(...key(epoch))))
  })
}

/** What the same calls cost beside so many settled batches, against none, by turns; and what the file takes for each. */
export async function answerCosts(settled: number): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-ledger-'))
  const path = join(folder, 'ledger.sqlite')
  try {
    await using ledger = sqliteLedger(path, { clock: systemClock() })
    await ledger.open(...key(0), 10_000_000)
    for (let done = 0; done < settled; done += portion) {
      const leases = await lend(ledger, 0)
      await ledger.answer(...key(0), { node, replies: leases.map((lease) => replyOf(lease, 'ack')) })
    }
    const { size } = await stat(path)
    await ledger.open(...key(1), 10_000_000)
    const ratios: number[] = []
    const costs: number[] = []
    // The first calls of a process are dear.
    for (const epoch of [0, 1]) await portionUs(ledger, epoch)
    for (let round = 0; round < rounds; round++) {
      const large = await portionUs(ledger, 0)
      const small = await portionUs(ledger, 1)
      ratios.push(large / small)
      costs.push(large / portion)
    }
    return { growth: median(ratios) ?? 0, ackUs: median(costs) ?? 0, bytesPerSettled: size / settled }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
