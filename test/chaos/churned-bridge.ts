import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { lineage } from '#schemas/lineage.ts'
import { bridgeHouse, furnish, goldenDataset } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { bridgeProcess, storeAway, type BridgeProcess } from './bridge-process.ts'
import { churn, type ChurnReport } from './churn.ts'
import { lastingPort } from './lasting-port.ts'

export interface ChurnPlan {
  nodes: number
  batches: number
  trainMs: number
  leaseSeconds: number
  leasesPerNode: number
  leavesPerMinute: number
  /** The bridge is killed so often, each time after as many batches. */
  kills: number
  /** Half-way the store is out of reach for so long. */
  awayMs: number
  connections: number
}

export interface ChurnFigures {
  report: ChurnReport
  settled: number
  /** Batches that were not settled, and answers that were acknowledged and are not there. */
  lost: number
  settledTwice: number
  kills: number
  /** The most that a node held while others waited, in means. */
  shareMax: number
  /** How often somebody waited, of so many looks. */
  waited: number
  /** What the process grew by after its first ten seconds, the most of its lives. */
  rssGrowthMb: number
  seconds: number
}

const [tick, warmMs] = [200, 10_000]
const geometry = { rows: 1, sequence_tokens: 16 }

/** One epoch on one bridge, trained by nodes that come and go while the bridge is killed and its store is away. */
export async function churnBridge(folder: string, plan: ChurnPlan): Promise<ChurnFigures> {
  const { batches, kills, nodes, trainMs, leaseSeconds, leavesPerMinute, connections } = plan
  const settings = { ...geometry, epoch_batches: batches, lease_seconds: leaseSeconds, leases_per_node: plan.leasesPerNode }
  await using house = bridgeHouse(folder, settings)
  const tokens = Math.ceil(batches * geometry.rows * (geometry.sequence_tokens + 1) * 0.6)
  await furnish(folder, house, tokenDataset({ strata: { web: [tokens], docs: [tokens] } }))
  const port = await lastingPort()
  let bridge = bridgeProcess(folder, port, settings)
  const { origin = '' } = await bridge.line('listening')
  const leaving = new AbortController()
  const started = performance.now()
  const { report, ended } = churn({ origin, nodes, trainMs, leaseMs: leaseSeconds * 1000, leavesPerMinute, seed: 7, connections, signal: leaving.signal })
  const watch = watched(folder)
  let [killed, away] = [0, false]
  try {
    for (let isOver = false; !isOver; isOver = await Promise.race([bridge.line('bridge.steered').then(() => true), delay(tick, false)])) {
      watch.look(bridge)
      const done = report.acknowledged.size / batches
      if (killed < kills && done > (killed + 1) / (kills + 1)) {
        killed++
        await bridge.kill()
        bridge = bridgeProcess(folder, port, settings)
      }
      if (!away && done > 0.45) {
        away = true
        await writeFile(join(folder, storeAway), '')
        void delay(plan.awayMs).then(() => rm(join(folder, storeAway)))
      }
    }
  } finally {
    leaving.abort()
    await ended
    await bridge.kill()
  }
  const seconds = (performance.now() - started) / 1000
  // What is left of the tokens makes another epoch, which is open by now.
  const sha256 = (await house.catalog.history(lineage.plan(goldenDataset), { limit: 9 })).at(-1)?.sha256 ?? ''
  const settled = new Map<string, string[]>()
  for (let after = 0; ;) {
    const page = await house.ledger.settlements(sha256, 0, { after, limit: 10_000 })
    for (const { batch, node } of page) settled.set(`${sha256}/${batch}`, [...(settled.get(`${sha256}/${batch}`) ?? []), node])
    after = page.at(-1)?.place ?? after
    if (page.length === 0) break
  }
  const missing = [...report.acknowledged].filter(([batch, node]) => batch.startsWith(sha256) && !settled.get(batch)?.includes(node)).length
  const settledTwice = [...settled.values()].filter(({ length }) => length > 1).length + report.acknowledgedTwice
  return { report, settled: settled.size, lost: batches - settled.size + missing, settledTwice, kills: killed, ...watch.figures(), seconds }
}

interface Watch {
  look(bridge: BridgeProcess): void
  figures(): Pick<ChurnFigures, 'shareMax' | 'waited' | 'rssGrowthMb'>
}

/** Looks at the ledger's file and at the memory of the process, from outside. */
function watched(folder: string): Watch {
  const ledger = new DatabaseSync(join(folder, 'ledger.sqlite'), { readOnly: true })
  const open = ledger.prepare(
    `select waiting, holding, leased + trained as total, expired + nacked + batches - begun - ahead as free,
       (select max(outstanding) from nodes where nodes.epoch = epochs.id) as most from epochs where ended is null order by id limit 1`,
  )
  let [shareMax, waited, rssGrowthMb] = [0, 0, 0]
  const lives = new Map<number, { since: number; warmMb: number | undefined }>()
  return {
    look({ pid }) {
      const { waiting = 0, holding = 0, total = 0, free = 0, most = 0 } = (open.get() ?? {}) as Record<string, number>
      // Of what could be lent those who wait have the first.
      if (waiting > 0 && holding > 0 && free === 0) {
        waited++
        shareMax = Math.max(shareMax, most / Math.max(1, total / (holding + waiting)))
      }
      const life = lives.get(pid) ?? { since: performance.now(), warmMb: undefined }
      lives.set(pid, life)
      if (performance.now() < life.since + warmMs) return
      const rssMb = rssOf(pid)
      life.warmMb ??= rssMb
      rssGrowthMb = Math.max(rssGrowthMb, rssMb - life.warmMb)
    },
    figures() {
      ledger.close()
      return { shareMax, waited, rssGrowthMb }
    },
  }
}

/** proc(5): the second field of statm, in pages of 4 KiB; 0 of a process that is gone. */
function rssOf(pid: number): number {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 1e6
  } catch {
    return 0
  }
}
