import { crawlTables } from '#infra/telemetry/crawl-summary.ts'
import type { Output } from '#infra/telemetry/console.ts'
import { sizeOf } from '#infra/telemetry/console.ts'
import type { TelemetryHub } from '#infra/telemetry/telemetry.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Miner } from './miner.ts'

interface Parts {
  telemetry: Pick<TelemetryHub, 'snapshot'>
  pace: Clock
  /** Where people look: standard output is for programs. */
  output: Output
  /** The work has a report of its own when it ends well: then only people, or dead seeds, need a summary. */
  reports: boolean
}

/** Runs a miner and, whatever ends it, says what was done until then and which seeds came to nothing. */
export async function withLastWord<T>(miner: Pick<Miner, 'deadSeeds'>, { telemetry, pace, output, reports }: Parts, work: () => Promise<T>): Promise<T> {
  const startedAt = pace.now()
  let isReported = false
  try {
    const result = await work()
    isReported = reports && !output.isTTY
    return result
  } finally {
    const counters = telemetry.snapshot()
    // What ended the work may have taken the frontier with it.
    const deadSeeds = await miner.deadSeeds().catch(() => [])
    const hasAsked = Object.keys(counters).some((name) => name.startsWith('crawl.pages{'))
    const summary = { counters, seconds: (pace.now() - startedAt) / 1000, deadSeeds }
    if ((hasAsked && !isReported) || deadSeeds.length > 0) output.write(`\n${crawlTables(summary, output.isTTY ? sizeOf(output).columns : undefined)}\n`)
  }
}
