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
}

/** Runs a miner and, however that ends, says what was done until then and which seeds came to nothing. */
export async function withLastWord<T>(miner: Pick<Miner, 'deadSeeds'>, { telemetry, pace, output }: Parts, work: () => Promise<T>): Promise<T> {
  const startedAt = pace.now()
  try {
    return await work()
  } finally {
    const counters = telemetry.snapshot()
    // What ended the work may have taken the frontier with it.
    const deadSeeds = await miner.deadSeeds().catch(() => [])
    const hasAsked = Object.keys(counters).some((name) => name.startsWith('crawl.pages{'))
    const summary = { counters, seconds: (pace.now() - startedAt) / 1000, deadSeeds }
    if (hasAsked || deadSeeds.length > 0) output.write(`\n${crawlTables(summary, output.isTTY ? sizeOf(output).columns : undefined)}\n`)
  }
}
