import { OrreryError } from '#schemas/errors.ts'
import type { Generation } from '#schemas/manifest.ts'
import type { GenerationShard } from '#schemas/token-list.ts'
import { keyedPermutation } from './permutation.ts'

/** A run of tokens inside one token shard. */
export interface Piece {
  shard: GenerationShard
  /** First token, counted from the shard's first. */
  start: number
  tokens: number
}

/** The windows of a generation, in their order. */
export interface WindowOrder {
  /** Places there are. */
  windows: number
  /** The window at a place of the order: it starts at token window × sequence_tokens of the shards, one after the other. */
  at(place: number): number
  /** Where a window lies; two or more pieces where it crosses from shard to shard. */
  piecesOf(window: number): Piece[]
}

/** Sequences that the shards hold in a row. */
export const windowsOf = (shards: readonly Pick<GenerationShard, 'tokens'>[], sequenceTokens: number): number =>
  Math.floor(shards.reduce((sum, { tokens }) => sum + tokens, 0) / sequenceTokens)

/** @param key of the permutation (permutation.ts) */
export function windowOrder(shards: readonly GenerationShard[], sequenceTokens: number, key: string): WindowOrder {
  const starts: number[] = []
  let tokens = 0
  for (const shard of shards) {
    starts.push(tokens)
    tokens += shard.tokens
  }
  const windows = Math.floor(tokens / sequenceTokens)
  const order = windows === 0 ? undefined : keyedPermutation(windows, key)
  return {
    windows,
    at(place) {
      if (order) return order.at(place)
      throw new OrreryError('invalid_argument', `There is no place ${place} in a generation without windows.`, { place })
    },
    piecesOf(window) {
      const pieces: Piece[] = []
      let [start, left] = [window * sequenceTokens, sequenceTokens]
      for (let i = countUpTo(starts, start) - 1; left > 0; i++) {
        const shard = shards[i] as GenerationShard
        const from = start - (starts[i] ?? 0)
        const count = Math.min(left, shard.tokens - from)
        pieces.push({ shard, start: from, tokens: count })
        start += count
        left -= count
      }
      return pieces
    },
  }
}

/** What the order of a generation's windows follows from. The same list of shards has another order in every pass. */
export const orderKey = (seed: number, pass: number, { sha256 }: Generation['list']): string => `${seed}/${pass}/${sha256}`

/** The place of the n-th window (from 0) that is taken from `from` on, with those in `skipped` (rising, none below `from`) left out. */
export function takenPlace({ from, skipped }: Pick<Generation, 'from' | 'skipped'>, n: number): number {
  let [low, high] = [0, skipped.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((skipped[middle] ?? 0) - from - middle <= n) low = middle + 1
    else high = middle
  }
  return from + n + low
}

/** How many of the rising numbers are at most `value`. */
function countUpTo(rising: readonly number[], value: number): number {
  let [low, high] = [0, rising.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] ?? 0) <= value) low = middle + 1
    else high = middle
  }
  return low
}
