import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { churnBridge, type ChurnPlan } from '../chaos/churned-bridge.ts'
import type { Bench, Contestant, Sample, Size } from './bench.ts'
import { median } from './bench.ts'
import { answerCosts } from './ledger-growth.ts'

/**
 * Nodes that come and go, against one bridge: each leases, waits for as long as training would take and answers, some of them twice, late, again, or not
 * at all; four of five ask to wait for work, as the clients of this project do, the others poll, and it is their requests that are timed; a fifth leaves without a word each minute; the bridge is killed and its store is away for a while. All of it until every batch is settled.
 */
const plans: Record<Size, ChurnPlan> = {
  quick: planOf({ nodes: 200, batches: 3000, trainMs: 1000, leaseSeconds: 5, kills: 2, awayMs: 2000, connections: 256 }),
  usual: planOf({ nodes: 1000, batches: 20_000, trainMs: 4000, leaseSeconds: 15, kills: 5, awayMs: 10_000, connections: 1024 }),
  // 5,000 nodes that take ten seconds for a batch ask 500 times a second.
  full: planOf({ nodes: 5000, batches: 120_000, trainMs: 10_000, leaseSeconds: 30, kills: 5, awayMs: 60_000, connections: 5120 }),
}

function planOf(plan: Omit<ChurnPlan, 'leasesPerNode' | 'leavesPerMinute'>): ChurnPlan {
  return { ...plan, leasesPerNode: 8, leavesPerMinute: 0.2 }
}

const churned: Contestant = {
  async run(_quick, size) {
    const folder = await mkdtemp(join(tmpdir(), 'orrery-churn-'))
    // How late the nodes themselves come to anything: what a machine that does other work adds to each answer that is timed.
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    try {
      const { report, ...figures } = await churnBridge(folder, plans[size])
      const ms = report.leaseMs.toSorted((a, b) => a - b)
      const at = (part: number): number => ms[Math.floor(ms.length * part)] ?? 0
      const refused = [...report.refused.values()].reduce((sum, count) => sum + count, 0)
      const { requests, leaseRequests, unlike, left } = report
      const counted = { ...figures, requests, leaseRequests, unlike, left, refused, nodeDelayP95: delay.percentile(95) / 1e6 }
      return { ...counted, p50: at(0.5), p95: at(0.95), p99: at(0.99), ratePerS: leaseRequests / figures.seconds }
    } finally {
      delay.disable()
      await rm(folder, { recursive: true, force: true })
    }
  },
}

const growth: Contestant = { run: (quick, size) => answerCosts(quick ? 20_000 : size === 'full' ? 1_000_000 : 100_000) }

const middle = (samples: readonly Sample[], count: string) => median(samples.map(({ counts }) => counts[count] ?? 0))

/** All that the bridge does, its starts and its waiting included. */
const cpuOfRequest = (samples: readonly Sample[]) => median(samples.map(({ counts }) => ((counts['bridgeCpuSeconds'] ?? 0) * 1e6) / (counts['requests'] ?? 1)))

const most = (samples: readonly Sample[], count: string): number | null =>
  samples.length === 0 ? null : samples.reduce((max, { counts }) => Math.max(max, counts[count] ?? 0), 0)

export const bench: Bench = {
  rounds: 1,
  contestants: { churned, growth },
  summarize({ churned = [], growth = [] }) {
    return {
      figures: {
        lost: most(churned, 'lost'),
        settled_twice: most(churned, 'settledTwice'),
        repeats_unlike: most(churned, 'unlike'),
        lease_p50_ms: middle(churned, 'p50'),
        lease_p95_ms: middle(churned, 'p95'),
        lease_p99_ms: middle(churned, 'p99'),
        node_delay_p95_ms: middle(churned, 'nodeDelayP95'),
        bridge_cpu_us_per_request: cpuOfRequest(churned),
        requests_per_s: median(churned.map(({ counts }) => (counts['requests'] ?? 0) / (counts['seconds'] ?? 1))),
        lease_requests_per_s: middle(churned, 'ratePerS'),
        share_max: most(churned, 'shareMax'),
        rss_growth_mb: most(churned, 'rssGrowthMb'),
        kills: middle(churned, 'kills'),
        nodes_left: middle(churned, 'left'),
        ack_growth: middle(growth, 'growth'),
        ack_cpu_us: middle(growth, 'ackUs'),
        bytes_per_settled: middle(growth, 'bytesPerSettled'),
      },
    }
  },
}
