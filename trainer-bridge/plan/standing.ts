import { writeList } from '#infra/corpus/list-object.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import type { EpochManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { GenerationShard, type ListedTokenShard } from '#schemas/token-list.ts'
import { windowsOf } from './generation.ts'
import type { ReadLists } from './lists.ts'

/** A generation as a run has it between two epochs. */
export interface OpenGeneration {
  list: StoredObject
  shards: readonly GenerationShard[]
  windows: number
  /** Places of its order that are done with. */
  taken: number
}

/** What is left of a pass: label → generations, the oldest first. Of a label of which nothing is left there is no entry. */
export type Standing = Map<string, OpenGeneration[]>

/** What is fixed for the generations of a pass. */
export type PassRules = Pick<EpochManifest, 'pass' | 'seed'> & { sequenceTokens: number }

/** Generations of a label that are drawn from at a time. The one after them waits, and takes in what comes until one is done. */
export const generationsAtOnce = 8
/** Labels of a run: those with the most tokens of what joins. A miner may invent as many as it likes. */
const strataMax = 1024

/** How a pass stands after an epoch. */
export async function standingAfter(readList: ReadLists, { strata }: EpochManifest): Promise<Standing> {
  const standing: Standing = new Map()
  for (const { label, generations } of strata) {
    const left: OpenGeneration[] = []
    for (const { list, windows, to } of generations)
      // One without windows waits for more shards.
      if (to < windows || windows === 0) left.push({ list, windows, taken: to, shards: await readList(list, GenerationShard) })
    if (left.length > 0) standing.set(label, left)
  }
  return standing
}

/**
 * Takes shards into a standing: those of a label become its newest generation, together with those of the one before when nothing was taken of it yet.
 * @param prefix of the keys of lists
 */
export async function join(
  store: Pick<ObjectStore, 'put'>,
  prefix: string,
  standing: Standing,
  shards: readonly ListedTokenShard[],
  sequenceTokens: number,
): Promise<Standing> {
  const joined: Standing = new Map(standing)
  const byLabel = Map.groupBy(shards, ({ shard }) => shard.label)
  const tokensOf = (label: string): number => (byLabel.get(label) ?? []).reduce((sum, { shard }) => sum + shard.tokens, 0)
  const labels = [...byLabel.keys()].toSorted((a, b) => tokensOf(b) - tokensOf(a) || compareText(a, b))
  for (const label of labels) {
    const known = joined.get(label)
    if (!known && joined.size >= strataMax) continue
    const newest = known?.at(-1)
    const absorbed = newest?.taken === 0 ? newest.shards : []
    const all = [...absorbed, ...(byLabel.get(label) ?? []).map(({ shard }) => pickOf(shard))]
    const generation = { list: await writeList(store, prefix, all), shards: all, windows: windowsOf(all, sequenceTokens), taken: 0 }
    joined.set(label, [...(absorbed.length > 0 ? (known ?? []).slice(0, -1) : (known ?? [])), generation])
  }
  return joined
}

const pickOf = ({ key, sha256, bytes, tokens, documents }: GenerationShard): GenerationShard => ({ key, sha256, bytes, tokens, documents })
