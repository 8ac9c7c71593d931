import { compareText } from '#schemas/compare-text.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { EpochManifest, FormerEpochManifest } from '#schemas/epoch-manifest.ts'
import { GenerationShard } from '#schemas/token-list.ts'
import { readShardHeader } from '../blocks/shard-header.ts'
import { orderKey, windowOrder } from './generation.ts'
import { begin, joinParts, layOutAll } from './join.ts'
import { isChanged, lostPlaces, type Gone } from './lost-windows.ts'
import type { PlanRequest } from './request.ts'
import { orTell } from './shard-documents.ts'
import { readSkipped, Skipped } from './skipped.ts'
import { generationsAtOnce, type OpenGeneration, type Standing } from './standing.ts'

/** A generation that is drawn from, its lost windows known. */
export interface LiveGeneration extends OpenGeneration {
  skips: Skipped
  /** Windows that are left to train. */
  live: number
}

export interface LiveStratum {
  label: string
  owed: number
  generations: LiveGeneration[]
  /** That wait until one of those is done. */
  waiting: OpenGeneration[]
}

interface Pass {
  pass: number
  standing: Standing
  before: EpochManifest | FormerEpochManifest | undefined
}

/** What is drawn from, by label: of what was begun the windows that went since are left out; what was not is made anew without what went. */
export async function openGenerations(request: PlanRequest, { pass, standing, before }: Pass): Promise<LiveStratum[]> {
  const { tokens, lost, tell } = request
  const gone: Gone = { tokenizer: tokens.tokenizer, deletesOf: tokens.deletesOf, lost, tell }
  const isKnown = before?.algorithm === 3 && before.tokens === tokens.sha256 && lost.size === 0
  const strata: LiveStratum[] = []
  for (const [label, { owed, generations }] of [...standing].toSorted(([a], [b]) => compareText(a, b))) {
    const live: LiveGeneration[] = []
    for (const generation of generations.slice(0, generationsAtOnce)) {
      const opened = generation.taken > 0 ? await goOn(request, gone, { pass, generation, isKnown }) : await beginAnew(request, gone, generation)
      if (opened) live.push(opened)
    }
    strata.push({ label, owed, generations: live, waiting: generations.slice(generationsAtOnce) })
  }
  return strata
}

async function goOn(
  { store, prefix, geometry, cache, readList }: PlanRequest,
  gone: Gone,
  { pass, generation, isKnown }: { pass: number; generation: OpenGeneration; isKnown: boolean },
): Promise<LiveGeneration | undefined> {
  let { skipped } = generation
  let skips: Skipped
  if (isKnown) skips = await readSkipped(store, skipped)
  else {
    const shards = await readList(generation.list, GenerationShard)
    const order = windowOrder(shards, geometry, { key: orderKey(pass, generation), layoutOf: cache.layoutOf })
    if (order.windows !== generation.windows)
      throw new OrreryError('data_unreadable', `The list ${generation.list.key} has ${order.windows} windows, not ${generation.windows}; restore it.`, {
        key: generation.list.key,
      })
    skips = await lostPlaces(cache, gone, { shards, order })
    skipped = await skips.write(store, prefix)
  }
  const live = generation.windows - generation.taken - skips.between(generation.taken, generation.windows)
  return live > 0 ? { ...generation, skipped, skips, live } : undefined
}

async function beginAnew(request: PlanRequest, gone: Gone, generation: OpenGeneration): Promise<LiveGeneration | undefined> {
  const shards = await request.readList(generation.list, GenerationShard)
  if (!shards.some((shard) => isChanged(gone, shard))) return { ...generation, skips: Skipped.none, live: generation.windows }
  const parts = joinParts(request)
  const left: GenerationShard[] = []
  for (const shard of shards) {
    const deletes = gone.deletesOf(shard.sha256)
    if (deletes === undefined) gone.tell(shard.key, 'no version of the tokens names it any more')
    else if (isChanged(gone, shard)) for (const laid of await layOutAll(parts, [{ shard, deletes }])) left.push(laid)
    else left.push(shard)
  }
  if (left.length === 0) return undefined
  const begun = await begin(parts, left)
  return { ...begun, skips: Skipped.none, live: begun.windows }
}

/** The token that ends every document: all shards of a tokenizer have the same. @throws OrreryError `data_unreadable` when none can be read */
export async function endOfTextOf({ before, tokens, store }: PlanRequest, strata: readonly LiveStratum[], readList: PlanRequest['readList']): Promise<number> {
  if (before?.algorithm === 3 && before.tokenizer.fingerprint === tokens.tokenizer.fingerprint) return before.end_of_text
  for (const { generations } of strata)
    for (const { list } of generations)
      for (const shard of await readList(list, GenerationShard)) {
        const header = await orTell(readShardHeader(store, shard, tokens.tokenizer))
        if (typeof header !== 'string') return header.separator
      }
  throw new OrreryError('data_unreadable', 'No token shard of the run can be read; restore them from a backup.', {})
}
