import { compareText } from '#schemas/compare-text.ts'
import type { EpochManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { mixGenerations, mixStrata } from './batches.ts'
import { orderKey, windowOrder } from './generation.ts'
import type { ReadLists } from './lists.ts'
import { generationsAtOnce, join, standingAfter, type OpenGeneration, type PassRules, type Standing } from './standing.ts'
import type { TokenView } from './token-view.ts'
import { skippedMax, Walk, type MayTrain } from './walk.ts'

/** Weight of a label that no job asks for: the default scale of Data Universe. */
const unlistedWeight = 0.0001

export interface PlanRequest {
  store: Pick<ObjectStore, 'put'>
  readList: ReadLists
  /** Of the keys of lists of shards. */
  prefix: string
  tokens: TokenView
  /** Content address of the manifest before in the line, null for the first. */
  parent: string | null
  /** The epoch it follows, undefined for the first of a run. */
  before: EpochManifest | undefined
  settledBefore: number
  /** Asked for; `sequence_tokens` and `seed` hold from the next pass on, `rows` at once. */
  geometry: EpochManifest['geometry']
  seed: number
  /** How often all is gone through; 0: without end. */
  passes: number
  /** Label → desirability; a label that is not here weighs 0.0001. */
  weights: ReadonlyMap<string, number>
  batchesMax: number
  mayTrain: MayTrain
}

/**
 * The next epoch of a run: it goes on where the last one stopped, with the shards that came since as a new generation. When no label has a whole batch left the
 * pass is over and another begins over all shards there are, if there is to be one. The same request on the same shards gives the same manifest.
 * @returns undefined when there is nothing to train
 */
export async function planEpoch(request: PlanRequest): Promise<EpochManifest | undefined> {
  for await (const { rules, standing } of ways(request)) {
    const plan = await draw(request, rules, standing)
    if (plan) return plan
  }
  return undefined
}

interface Way {
  rules: PassRules
  standing: Standing
}

/** What can be trained, in the order of preference. */
async function* ways(request: PlanRequest): AsyncGenerator<Way> {
  const { store, readList, prefix, tokens, before, passes } = request
  const wanted = { seed: request.seed, sequenceTokens: request.geometry.sequence_tokens }
  const goesOn = before?.tokenizer.fingerprint === tokens.tokenizer.fingerprint
  if (!before || !goesOn) {
    yield { rules: { pass: 1, ...wanted }, standing: await join(store, prefix, new Map(), tokens.current, wanted.sequenceTokens) }
    return
  }
  const fresh = tokens.current.filter(({ shard }) => shard.since > before.joined && !shard.moved)
  const rules = { pass: before.pass, seed: before.seed, sequenceTokens: before.geometry.sequence_tokens }
  const left = await standingAfter(readList, before)
  const isAsWanted = wanted.sequenceTokens === rules.sequenceTokens && wanted.seed === rules.seed
  // What is left of a pass and fills no batch does not bind to its windows what comes.
  if (isAsWanted || fillsBatch(left, request.geometry.rows)) yield { rules, standing: await join(store, prefix, left, fresh, rules.sequenceTokens) }
  if (passes === 0 || before.pass < passes) {
    yield {
      rules: { pass: before.pass + 1, ...wanted },
      standing: await join(store, prefix, new Map(), tokens.current, wanted.sequenceTokens),
    }
    return
  }
  if (!isAsWanted) yield { rules: { pass: before.pass, ...wanted }, standing: await join(store, prefix, new Map(), fresh, wanted.sequenceTokens) }
}

const fillsBatch = (standing: Standing, rows: number): boolean =>
  standing.values().some((generations) => generations.reduce((sum, { windows, taken }) => sum + windows - taken, 0) >= rows)

interface WalkedGeneration extends OpenGeneration {
  walk: Walk
  /** Windows it can give, at most as far as is known. */
  supply: number
}

interface WalkedStratum {
  label: string
  weight: number
  generations: WalkedGeneration[]
  /** Batches it can give, at most as far as is known. */
  supply: number
}

async function draw(request: PlanRequest, rules: PassRules, standing: Standing): Promise<EpochManifest | undefined> {
  const { tokens, parent, geometry, batchesMax, settledBefore } = request
  const mixed = { parent, tokens: tokens.sha256, seed: rules.seed }
  const skips = { left: skippedMax }
  const strata = [...standing].toSorted(([a], [b]) => compareText(a, b)).map((stratum) => openStratum(request, rules, skips, stratum))
  for (;;) {
    const batches = Math.min(
      batchesMax,
      strata.reduce((sum, { supply }) => sum + supply, 0),
    )
    if (batches === 0) return undefined
    const counts = await mixStrata(mixed, strata).walk(batches)
    const taken = await takeAll(mixed, strata, counts, geometry.rows)
    if (!taken) continue
    return {
      kind: 'epoch',
      parent,
      algorithm: 2,
      tokens: tokens.sha256,
      joined: tokens.version,
      tokenizer: tokens.tokenizer,
      geometry: { rows: geometry.rows, sequence_tokens: rules.sequenceTokens },
      seed: rules.seed,
      pass: rules.pass,
      batches,
      settled_before: settledBefore,
      strata: taken,
    }
  }
}

function openStratum(
  { weights, mayTrain, geometry }: PlanRequest,
  { pass, seed, sequenceTokens }: PassRules,
  skips: { left: number },
  [label, open]: [string, OpenGeneration[]],
): WalkedStratum {
  const generations = open.map((generation, n) => {
    const order = windowOrder(generation.shards, sequenceTokens, orderKey(seed, pass, generation.list))
    const supply = n < generationsAtOnce ? generation.windows - generation.taken : 0
    return { ...generation, walk: new Walk(order, { from: generation.taken, mayTrain, skips }), supply }
  })
  return { label, weight: weights.get(label) ?? unlistedWeight, generations, supply: batchesOf(generations, geometry.rows) }
}

const batchesOf = (generations: readonly { supply: number }[], rows: number): number =>
  Math.floor(generations.reduce((sum, { supply }) => sum + supply, 0) / rows)

type Mixed = Parameters<typeof mixStrata>[0]

/** What each stratum gives for so many batches; undefined, with what is known better now, when one cannot give that many. */
async function takeAll(mixed: Mixed, strata: readonly WalkedStratum[], counts: readonly number[], rows: number): Promise<EpochManifest['strata'] | undefined> {
  const taken: EpochManifest['strata'] = []
  let isEnough = true
  for (const [s, stratum] of strata.entries()) {
    const { label, weight, supply } = stratum
    const windows = await findWindows(mixed, stratum, (counts[s] ?? 0) * rows)
    if (windows === undefined) {
      stratum.supply = batchesOf(stratum.generations, rows)
      isEnough = false
      continue
    }
    const generations = stratum.generations.map((generation, g) => {
      const { from, to, skipped } = generation.walk.take(windows[g] ?? 0)
      return { list: generation.list, windows: generation.windows, from, to, skipped, supply: generation.supply }
    })
    taken.push({ label, weight, supply, generations })
  }
  return isEnough ? taken : undefined
}

/** Windows of each generation, so many together; undefined when there are not that many. */
async function findWindows(mixed: Mixed, { label, generations }: WalkedStratum, wanted: number): Promise<number[] | undefined> {
  for (;;) {
    if (generations.reduce((sum, { supply }) => sum + supply, 0) < wanted) return undefined
    const counts = await mixGenerations(mixed, label, generations).walk(wanted)
    let isEnough = true
    for (const [g, generation] of generations.entries()) {
      const found = await generation.walk.find(counts[g] ?? 0)
      if (found === counts[g]) continue
      generation.supply = found
      isEnough = false
    }
    if (isEnough) return counts
  }
}
