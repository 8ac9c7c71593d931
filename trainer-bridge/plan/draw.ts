import type { Geometry, Stratum } from '#schemas/epoch-manifest.ts'
import { periodMax } from './mixing.ts'
import { endOfTextOf, type LiveGeneration, type LiveStratum } from './open-generations.ts'
import type { PlanRequest } from './request.ts'
import { divide } from './shares.ts'

/** Weight of a label that no job asks for: the default scale of Data Universe. */
const unlistedWeight = 0.0001

/** What an epoch takes of each source. */
export interface Drawn {
  strata: Stratum[]
  periods: number
  batches: number
  endOfText: number
}

/** Turns in a batch, and windows that a turn takes. */
export const turnsOf = ({ rows, batch_sources }: Geometry): { perBatch: number; windows: number } =>
  batch_sources === 'mixed' ? { perBatch: rows, windows: 1 } : { perBatch: 1, windows: rows }

/**
 * How many batches come of what is left, and how many turns of each source, by weight. An epoch of more turns than a period can have is made of periods that are
 * alike: a source that has less than one turn for each of them waits for the next epoch.
 * @returns undefined when there is no whole batch
 */
export async function drawEpoch(request: PlanRequest, strata: readonly LiveStratum[]): Promise<Drawn | undefined> {
  const { geometry, batchesMax } = request
  const { perBatch, windows } = turnsOf(geometry)
  const all = Math.min(batchesMax * perBatch, capacity(strata, 1, windows))
  let periods = Math.max(1, Math.ceil(all / periodMax))
  const turnsIn = (n: number): number => {
    const turns = Math.min(periodMax, Math.floor((batchesMax * perBatch) / n), capacity(strata, n, windows))
    return turns - (turns % perBatch)
  }
  // Many sources with little of each: shorter epochs.
  while (periods > 1 && turnsIn(periods) === 0) periods = Math.ceil(periods / 2)
  const turns = turnsIn(periods)
  if (turns === 0) return undefined
  const weightOf = (label: string): number => request.weights.get(label) ?? unlistedWeight
  const shared = divide(
    turns,
    strata.map((stratum) => ({ weight: weightOf(stratum.label), max: turnsOfStratum(stratum, periods, windows), owed: stratum.owed })),
  )
  return {
    strata: strata.flatMap((stratum, n) => {
      const { count, owed } = shared[n] ?? { count: 0, owed: 0 }
      const generations = [...take(stratum.generations, count * windows, periods), ...stratum.waiting.map(waits)]
      return generations.length === 0 ? [] : [{ label: stratum.label, weight: weightOf(stratum.label), each: count, owed, generations }]
    }),
    periods,
    batches: (periods * turns) / perBatch,
    endOfText: await endOfTextOf(request, strata, request.readList),
  }
}

/** Turns that a stratum can have in each of so many periods. */
const turnsOfStratum = ({ generations }: LiveStratum, periods: number, windows: number): number =>
  Math.floor(generations.reduce((sum, { live }) => sum + Math.floor(live / periods), 0) / windows)

const capacity = (strata: readonly LiveStratum[], periods: number, windows: number): number =>
  strata.reduce((sum, stratum) => sum + turnsOfStratum(stratum, periods, windows), 0)

/** So many windows of each period over the generations, each by what is left of it: one that is larger lasts as long as one that is smaller. */
function take(generations: readonly LiveGeneration[], windows: number, periods: number): Stratum['generations'] {
  const shared = divide(
    windows,
    generations.map(({ live }) => ({ weight: Math.max(1, live), max: Math.floor(live / periods), owed: 0 })),
  )
  return generations.map((generation, n) => {
    const { taken: from, live, skips } = generation
    const each = shared[n]?.count ?? 0
    // Nothing but lost places is left.
    const isDone = live === each * periods && generation.windows > 0
    const to = isDone ? generation.windows : each === 0 ? from : skips.nth(from, each * periods - 1) + 1
    return { ...waits(generation), from, to, each }
  })
}

const waits = ({ list, seed, windows, taken, skipped }: LiveStratum['waiting'][number]): Stratum['generations'][number] => ({
  list,
  seed,
  windows,
  from: taken,
  to: taken,
  each: 0,
  skipped,
})
