import { OrreryError } from '#schemas/errors.ts'
import type { EpochManifest, Generation } from '#schemas/manifest.ts'
import type { GenerationShard } from '#schemas/token-list.ts'
import { orderKey, takenPlace, windowOrder, type Piece, type WindowOrder } from './generation.ts'
import { mixByDeficit, type Mixing } from './mixing.ts'

/** One sequence. */
interface Window {
  /** sha256 of the list of its generation, and its place in those shards: it starts at token index × sequence_tokens. */
  generation: string
  index: number
  pieces: Piece[]
}

export interface PlannedBatch {
  batch: number
  label: string
  /** One for each row. */
  windows: Window[]
}

export interface PlannedBatches {
  readonly length: number
  /** @throws OrreryError `not_found` */
  label(batch: number): string
  /** @throws OrreryError `not_found` */
  batch(batch: number): PlannedBatch
}

interface Stratum {
  label: string
  /** Of its windows over its generations. */
  mixing: Mixing
  generations: { generation: Generation; order: WindowOrder }[]
}

type PlannedStratum = EpochManifest['strata'][number]
type Mixed = Pick<EpochManifest, 'parent' | 'tokens' | 'seed'>

/** Batches over strata, by their weights. */
export const mixStrata = ({ parent, tokens, seed }: Mixed, strata: readonly Pick<PlannedStratum, 'weight' | 'supply'>[]): Mixing =>
  mixByDeficit(
    strata.map(({ weight }) => weight),
    strata.map(({ supply }) => supply),
    `${seed}/${parent ?? tokens}`,
  )

/** Windows of a stratum over its generations, each by its size: one that is larger lasts as long as one that is smaller. */
export const mixGenerations = ({ parent, tokens, seed }: Mixed, label: string, generations: readonly Pick<Generation, 'windows' | 'supply'>[]): Mixing =>
  mixByDeficit(
    generations.map(({ windows }) => Math.max(1, windows)),
    generations.map(({ supply }) => supply),
    `${seed}/${parent ?? tokens}/${label}`,
  )

/**
 * What each batch of an epoch is made of. The n-th batch of a stratum takes the windows n × rows … n × rows + rows − 1 that are drawn from its generations;
 * the m-th window drawn from a generation is at the m-th place of its keyed order (permutation.ts) that is not skipped, counted from where the epoch begins.
 * No place is taken twice in a pass, so no window is.
 * @param shardsOf the shards of a generation, by its list
 * @throws OrreryError `data_unreadable` when the lists are not those of the plan
 */
export async function plannedBatches(plan: EpochManifest, shardsOf: (generation: Generation) => Promise<readonly GenerationShard[]>): Promise<PlannedBatches> {
  const { rows } = plan.geometry
  const mixing = mixStrata(plan, plan.strata)
  const sources = new Uint16Array(plan.batches)
  let next = 0
  const drawn = await mixing.walk(plan.batches, (source) => (sources[next++] = source))
  const strata = new Map<number, Stratum>()
  for (const [s, stratum] of plan.strata.entries()) if (drawn[s]) strata.set(s, await openStratum(plan, stratum, drawn[s] * rows, shardsOf))

  const stratumOf = (batch: number): Stratum => {
    const stratum = strata.get(sources[batch] ?? -1)
    if (stratum) return stratum
    throw new OrreryError('not_found', `There is no batch ${batch}; the plan has 0..${plan.batches - 1}.`, { batch })
  }
  return {
    length: plan.batches,
    label: (batch) => stratumOf(batch).label,
    batch(batch) {
      const stratum = stratumOf(batch)
      const { ordinal } = mixing.at(batch)
      const windows: Window[] = []
      for (const draw of stratum.mixing.from(ordinal * rows)) {
        if (windows.length === rows) break
        const { generation, order } = stratum.generations[draw.source] as Stratum['generations'][number]
        const index = order.at(takenPlace(generation, draw.ordinal))
        windows.push({ generation: generation.list.sha256, index, pieces: order.piecesOf(index) })
      }
      return { batch, label: stratum.label, windows }
    },
  }
}

async function openStratum(
  plan: EpochManifest,
  { label, generations }: PlannedStratum,
  windows: number,
  shardsOf: (generation: Generation) => Promise<readonly GenerationShard[]>,
): Promise<Stratum> {
  const mixing = mixGenerations(plan, label, generations)
  await mixing.walk(windows)
  const opened: Stratum['generations'] = []
  for (const generation of generations) {
    const shards = generation.supply > 0 ? await shardsOf(generation) : []
    const order = windowOrder(shards, plan.geometry.sequence_tokens, orderKey(plan.seed, plan.pass, generation.list))
    if (generation.supply > 0 && order.windows !== generation.windows)
      throw new OrreryError('data_unreadable', `The plan's stratum "${label}" has ${generation.windows} windows and its shards ${order.windows}.`, { label })
    opened.push({ generation, order })
  }
  return { label, mixing, generations: opened }
}
