import { recentValues } from '#infra/recent-values.ts'
import { OrreryError } from '#schemas/errors.ts'
import { Stratum, type EpochManifest, type Generation } from '#schemas/epoch-manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { GenerationShard } from '#schemas/token-list.ts'
import { turnsOf } from './draw.ts'
import { orderKey, windowOrder, type Piece, type WindowOrder } from './generation.ts'
import type { ReadLists } from './lists.ts'
import { dealTurns, type DealtOrder } from './mixing.ts'
import { shardCache } from './shard-cache.ts'
import { readSkipped, type Skipped } from './skipped.ts'
import { strataRoot } from './strata.ts'

/** One row. */
interface Window {
  label: string
  /** sha256 of the list of its generation, and its place in those shards (generation.ts). */
  generation: string
  index: number
  /** Together as many tokens as a row has; fewer where documents were packed: the rest is filled with the plan's `end_of_text`. */
  pieces: Piece[]
}

export interface PlannedBatch {
  batch: number
  /** Of all its rows; `mixed` where each has its own. */
  label: string
  /** One for each row. */
  windows: Window[]
}

export interface PlannedBatches {
  readonly length: number
  readonly strata: readonly Stratum[]
  /** @throws OrreryError `not_found` */
  label(batch: number): string
  /** @throws OrreryError `not_found` for no batch; `data_unreadable` when a list of its source is not that of the plan; what the store throws */
  batch(batch: number): Promise<PlannedBatch>
}

const mixedLabel = 'mixed'

/** Lists of generations that are kept, bytes. */
const generationsBytesMax = 64 * 2 ** 20
/** What a list takes in memory for each of its bytes as JSON. */
const bytesPerByte = 2

interface OpenedGeneration {
  order: WindowOrder
  skips: Skipped
  bytes: number
}

/**
 * What each batch of an epoch is made of, at a cost that does not hang on how many there are. Turn p of period r (turns: batches, or rows of mixed ones) is
 * that of the source that is dealt the place p (mixing.ts); the j-th turn of a source in its period takes the windows j × rows … of those that its generations
 * give to the period, and generation g, with `each` of w windows a period, has those m for which ⌊(m+1)·each/w⌋ > ⌊m·each/w⌋, the others the rest in the same
 * way. The n-th window of a generation in period r is at its (r × each + n)-th place from `from` on that is not skipped. No place is taken twice in a pass, so
 * no window is.
 * @throws OrreryError `data_unreadable` when the list of sources is not that of the plan; what the store throws
 */
export async function plannedBatches(plan: EpochManifest, parts: { store: Pick<ObjectStore, 'get'>; readList: ReadLists }): Promise<PlannedBatches> {
  const strata = await parts.readList(plan.strata.list, Stratum)
  const { perBatch, windows: windowsOfTurn } = turnsOf(plan.geometry)
  const turns = strata.reduce((sum, { each }) => sum + each, 0)
  if (turns * plan.periods !== plan.batches * perBatch || strataRoot(strata) !== plan.strata.root)
    throw new OrreryError('data_unreadable', `The sources of the plan in ${plan.strata.list.key} are not those of its batches; restore it from a backup.`, {})
  const openGeneration = generationOpener(plan, parts)
  let dealt: DealtOrder | undefined
  const order = (): DealtOrder =>
    (dealt ??= dealTurns(
      strata.map(({ each }) => each),
      `${plan.parent ?? plan.tokens}/${plan.seed}`,
    ))
  const first = (batch: number): number => {
    if (Number.isInteger(batch) && batch >= 0 && batch < plan.batches) return batch * perBatch
    throw new OrreryError('not_found', `There is no batch ${batch}; the plan has 0..${plan.batches - 1}.`, { batch })
  }
  const stratumAt = (turn: number): Stratum => strata[order().source[turn % turns] as number] as Stratum

  function windowOf({ label, generations }: Stratum, period: number, m: number): Window | Promise<Window> {
    const { generation, n } = generations.length === 1 ? { generation: generations[0] as Generation, n: m } : share(generations, m)
    const windowIn = ({ order, skips }: OpenedGeneration): Window | Promise<Window> => {
      const index = order.at(skips.nth(generation.from, period * generation.each + n))
      const window = (pieces: Piece[]): Window => ({ label, generation: generation.list.sha256, index, pieces })
      const pieces = order.piecesOf(index)
      return pieces instanceof Promise ? pieces.then(window) : window(pieces)
    }
    const opened = openGeneration(generation)
    return opened instanceof Promise ? opened.then(windowIn) : windowIn(opened)
  }

  return {
    length: plan.batches,
    strata,
    label: (batch) => (perBatch > 1 ? (first(batch), mixedLabel) : stratumAt(first(batch)).label),
    async batch(batch) {
      const windows: Window[] = []
      const start = first(batch)
      for (let turn = start; turn < start + perBatch; turn++) {
        const [period, place] = [Math.floor(turn / turns), turn % turns]
        const m = (order().ordinal[place] as number) * windowsOfTurn
        for (let row = 0; row < windowsOfTurn; row++) {
          const window = windowOf(stratumAt(turn), period, m + row)
          // What is known needs no waiting.
          windows.push(window instanceof Promise ? await window : window)
        }
      }
      return { batch, label: perBatch > 1 ? mixedLabel : (windows[0] as Window).label, windows }
    },
  }
}

/** Which generation gives the m-th window of a period, and how many it gave before. */
function share(generations: readonly Generation[], m: number): { generation: Generation; n: number } {
  let left = generations.reduce((sum, { each }) => sum + each, 0)
  let at = m
  for (const generation of generations) {
    const n = Math.floor((at * generation.each) / left)
    if (Math.floor(((at + 1) * generation.each) / left) > n) return { generation, n }
    at -= n
    left -= generation.each
  }
  throw new OrreryError('data_unreadable', `The sources of the plan have no window ${m} in a period; restore it from a backup.`, {})
}

/** Opens generations when a batch first needs them. */
function generationOpener(
  plan: EpochManifest,
  { store, readList }: { store: Pick<ObjectStore, 'get'>; readList: ReadLists },
): (generation: Generation) => OpenedGeneration | Promise<OpenedGeneration> {
  const opened = recentValues<string, OpenedGeneration>({ bytesMax: generationsBytesMax, bytesOf: ({ bytes }) => bytes })
  const opening = new Map<string, Promise<OpenedGeneration>>()
  const { layoutOf } = shardCache(store)
  async function open(generation: Generation): Promise<OpenedGeneration> {
    const { list, skipped, windows } = generation
    const [shards, skips] = await Promise.all([readList(list, GenerationShard), readSkipped(store, skipped)])
    const order = windowOrder(shards, plan.geometry, { key: orderKey(plan.pass, generation), layoutOf })
    if (order.windows !== windows)
      throw new OrreryError('data_unreadable', `The list ${list.key} has ${order.windows} windows and the plan ${windows}; restore it from a backup.`, {})
    return { order, skips, bytes: bytesPerByte * list.bytes + skips.bytes }
  }
  return (generation) => {
    const name = generation.list.sha256
    const known = opened.get(name) ?? opening.get(name)
    if (known) return known
    const promise = open(generation)
      .then((ready) => {
        opened.keep(name, ready)
        return ready
      })
      .finally(() => opening.delete(name))
    opening.set(name, promise)
    return promise
  }
}
