import type { Clock } from '#schemas/clock.ts'
import { labelled } from './crawl-summary.ts'
import { summarizeTurn, totalsOf, type Cost, type SummarySources, type TurnPlace, type TurnSummary } from './summary.ts'
import type { TelemetryHub } from './telemetry.ts'

/** Tells (`turn.summary`) what became new since it was opened, and what that cost. */
export interface Teller {
  tell(place: TurnPlace | null): Promise<TurnSummary>
  /** Where there is something new; from then on it counts anew. */
  tellNew(): Promise<void>
}

interface TellerParts extends Pick<SummarySources, 'catalog' | 'chain' | 'ledger' | 'validator' | 'datasetName'> {
  telemetry: TelemetryHub
  pace: Clock
  deadSeeds(): Promise<SummarySources['deadSeeds']>
}

export async function openTeller({ telemetry, pace, deadSeeds, ...sources }: TellerParts): Promise<Teller> {
  const written = () => labelled(telemetry.snapshot(), 'store.written', 'under')
  const stand = async () => ({ totals: await totalsOf(sources), at: pace.now(), cpu: process.cpuUsage(), written: new Map(Object.entries(written())) })
  let before = await stand()
  const costUntil = (now: typeof before): Cost => {
    const added = [...now.written].map(([under, bytes]) => [under, bytes - (before.written.get(under) ?? 0)] as const)
    return {
      seconds: (now.at - before.at) / 1000,
      cpu_seconds: (now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system) / 1e6,
      bytes_written: Object.fromEntries(added.filter(([, bytes]) => bytes > 0)),
    }
  }
  const summary = async (place: TurnPlace | null) => {
    const now = await stand()
    const counted = { before: before.totals, now: now.totals, cost: costUntil(now) }
    return { now, told: await summarizeTurn({ ...sources, ...counted, counters: telemetry.snapshot(), place, deadSeeds: await deadSeeds() }) }
  }
  return {
    async tell(place) {
      const { told } = await summary(place)
      telemetry.event('turn.summary', { ...told })
      return told
    },
    async tellNew() {
      const { now, told } = await summary(null)
      if (Object.values(told.new).every((count) => count === 0)) return
      // What came while this was made up is of the next.
      before = now
      telemetry.event('turn.summary', { ...told })
    },
  }
}
