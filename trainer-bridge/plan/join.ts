import { writeList } from '#infra/corpus/list-object.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { DeletionVector } from '#schemas/data-file.ts'
import { fmix32 } from '#schemas/fmix32.ts'
import type { Geometry } from '#schemas/epoch-manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { GenerationShard, type ListedTokenShard, type TokenizerRef } from '#schemas/token-list.ts'
import { readShardHeader } from '../blocks/shard-header.ts'
import { rowTokens, windowsOf } from './generation.ts'
import { packedLayout, streamLayout, type Layout } from './layout.ts'
import type { Chunk } from './packing.ts'
import type { PlanRequest } from './request.ts'
import { orTell, readDeleted, readEnds, readIds } from './shard-documents.ts'
import { strataMax, type OpenGeneration, type Standing } from './standing.ts'

/** What joining shards takes. */
export interface JoinParts {
  store: Pick<ObjectStore, 'get' | 'put'>
  /** Of the keys of lists and layouts. */
  prefix: string
  tokenizer: TokenizerRef
  geometry: Geometry
  seed: number
  /** Shards of a list of a generation. */
  readShards(list: OpenGeneration['list']): Promise<readonly GenerationShard[]>
  /** Told of a shard that is gone or damaged: it does not join. */
  lost(key: string, problem: string): void
}

export const joinParts = ({ store, prefix, tokens, geometry, seed, readList, tell }: PlanRequest): JoinParts => ({
  store,
  prefix,
  tokenizer: tokens.tokenizer,
  geometry,
  seed,
  readShards: (list) => readList(list, GenerationShard),
  lost: tell,
})

/** Of a generation, at most: what is remembered of one that is begun stays small. One shard may have more. */
const windowsMax = 2 ** 24
const shardsMax = 4096
/** Shards that are read at a time. */
const atOnce = 16

/**
 * Takes shards into a standing: those of a label become its newest generation, together with those of the one before when nothing was taken of it yet.
 * Documents that are deleted or held out for validation are left out of what rows are made of.
 */
export async function join(parts: JoinParts, standing: Standing, shards: readonly ListedTokenShard[]): Promise<Standing> {
  const joined: Standing = new Map(standing)
  const byLabel = Map.groupBy(shards, ({ shard }) => shard.label)
  const tokensOf = (label: string): number => (byLabel.get(label) ?? []).reduce((sum, { shard }) => sum + shard.tokens, 0)
  const labels = [...byLabel.keys()].toSorted((a, b) => tokensOf(b) - tokensOf(a) || compareText(a, b))
  for (const label of labels) {
    const known = joined.get(label)
    if (!known && joined.size >= strataMax) continue
    const laid = await layOutAll(parts, byLabel.get(label) ?? [])
    if (laid.length === 0) continue
    const generations = [...(known?.generations ?? [])]
    const newest = generations.at(-1)
    const waiting = newest?.taken === 0 ? [...(await parts.readShards(newest.list))] : []
    if (waiting.length > 0) generations.pop()
    for (const group of groupsOf([...waiting, ...laid], parts.geometry)) generations.push(await begin(parts, group))
    joined.set(label, { owed: known?.owed ?? 0, generations })
  }
  return joined
}

/** A generation nothing was taken of. */
export async function begin({ store, prefix, geometry, seed }: JoinParts, shards: readonly GenerationShard[]): Promise<OpenGeneration> {
  return { list: await writeList(store, prefix, shards), seed, windows: windowsOf(shards, geometry), taken: 0, skipped: null }
}

function groupsOf(shards: readonly GenerationShard[], geometry: Geometry): GenerationShard[][] {
  const groups: GenerationShard[][] = []
  let windows = Infinity
  for (const shard of shards) {
    const more = windowsOf([shard], geometry)
    const group = groups.at(-1)
    if (group && windows + more <= windowsMax && group.length < shardsMax) {
      group.push(shard)
      windows += more
      continue
    }
    groups.push([shard])
    windows = more
  }
  return groups
}

/** A shard, and what is deleted of it. */
type Laid = Pick<ListedTokenShard, 'deletes'> & { shard: GenerationShard }

/** Those of the shards that can be read and have anything to train on, as they join. */
export async function layOutAll(parts: JoinParts, shards: readonly Laid[]): Promise<GenerationShard[]> {
  const laid: GenerationShard[] = []
  for (let at = 0; at < shards.length; at += atOnce) {
    const some = await Promise.all(
      shards.slice(at, at + atOnce).map(async ({ shard, deletes }) => ({ shard, found: await orTell(layOut(parts, shard, deletes)) })),
    )
    for (const { shard, found } of some) {
      if (typeof found === 'string') parts.lost(shard.key, found)
      else if (found) laid.push(found)
    }
  }
  return laid
}

const pickOf = ({ key, sha256, bytes, tokens, documents, blocks_root }: GenerationShard): GenerationShard => ({
  key,
  sha256,
  bytes,
  tokens,
  documents,
  ...(blocks_root === undefined ? {} : { blocks_root }),
})

/** @returns undefined when there is nothing of it to train on @throws OrreryError `data_unreadable` */
async function layOut(parts: JoinParts, shard: GenerationShard, deletes: DeletionVector | null): Promise<GenerationShard | undefined> {
  const { store, prefix, tokenizer, geometry } = parts
  const header = await readShardHeader(store, shard, tokenizer)
  const isStream = geometry.packing === 'stream'
  if (!deletes && geometry.validation_share === 0 && isStream) return pickOf(shard)
  const source = { store, tokenizer }
  const [ends, deleted] = await Promise.all([readEnds(source, shard, header), readDeleted(source, shard, deletes)])
  const ids = geometry.validation_share > 0 ? await readIds(source, shard, header) : undefined
  const kept: Chunk[] = []
  for (const [document, end] of ends.entries()) {
    if (deleted.has(document) || (ids && isHeldOut(ids, document, geometry.validation_share))) continue
    const start = document === 0 ? 0 : (ends[document - 1] as number)
    kept.push({ start, tokens: end - start })
  }
  if (kept.length === 0) return undefined
  const joined = { ...pickOf(shard), ...(deletes ? { deletes: deletes.sha256 } : {}) }
  if (isStream && kept.length === ends.length) return joined
  const layout: Layout = isStream ? streamLayout(kept) : packedLayout(kept, rowTokens(geometry))
  return { ...joined, layout: await layout.write(store, prefix) }
}

/** Whether a document is held out of training: by its id alone, so that it is in every run and every pass. @param ids 32 raw bytes each */
const isHeldOut = (ids: Buffer, document: number, share: number): boolean => fmix32(ids.readUInt32LE(32 * document)) < share * 2 ** 32
