import { OrreryError } from '#schemas/errors.ts'
import type { Generation, Geometry } from '#schemas/epoch-manifest.ts'
import type { GenerationShard, ShardLayout } from '#schemas/token-list.ts'
import { countUpTo, type Layout } from './layout.ts'
import { keyedPermutation } from './permutation.ts'

/** A run of tokens inside one token shard. */
export interface Piece {
  shard: GenerationShard
  /** First token, counted from the shard's first. */
  start: number
  tokens: number
}

/** What of a geometry rows are made by. */
export type RowShape = Pick<Geometry, 'sequence_tokens' | 'next_token' | 'packing'>

/** Tokens of a whole row. */
export const rowTokens = ({ sequence_tokens, next_token }: Pick<Geometry, 'sequence_tokens' | 'next_token'>): number => sequence_tokens + (next_token ? 1 : 0)

/** Tokens of a batch that are trained on: what an answer says of it. */
export const batchTokens = ({ rows, sequence_tokens }: Pick<Geometry, 'rows' | 'sequence_tokens'>): number => rows * sequence_tokens

/** What a shard gives to its generation: tokens of a stream, or rows that are packed. */
export const sizeOf = ({ tokens, layout }: Pick<GenerationShard, 'tokens' | 'layout'>): number => layout?.size ?? tokens

/** Rows that shards have together. */
export function windowsOf(shards: readonly Pick<GenerationShard, 'tokens' | 'layout'>[], shape: RowShape): number {
  const size = shards.reduce((sum, shard) => sum + sizeOf(shard), 0)
  return shape.packing === 'best_fit' ? size : Math.max(0, Math.floor((size - (shape.next_token ? 1 : 0)) / shape.sequence_tokens))
}

/** What the order of a generation's windows follows from. The same list of shards has another order in every pass. */
export const orderKey = (pass: number, { seed, list }: Pick<Generation, 'seed' | 'list'>): string => `${seed}/${pass}/${list.sha256}`

/** The windows of a generation, in their order. */
export interface WindowOrder {
  /** Places there are. */
  readonly windows: number
  /** The window at a place of the order. */
  at(place: number): number
  /** The place of a window. */
  placeOf(window: number): number
  /** Where a window lies, in the order of its tokens; fewer than those of a row where documents were packed. @throws what reading a layout throws */
  piecesOf(window: number): Piece[] | Promise<Piece[]>
  /** Windows that have any of the units (`sizeOf`) `from` … `to - 1` of a shard: first, one after the last. */
  windowsAt(shard: number, from: number, to: number): [number, number]
}

/**
 * Window w of a stream is the tokens w × sequence_tokens … of the shards, one after the other (and the first of the next window where a row has the token after
 * its last); of what is packed it is row w.
 * @param key of the permutation (permutation.ts)
 */
export function windowOrder(
  shards: readonly GenerationShard[],
  shape: RowShape,
  { key, layoutOf }: { key: string; layoutOf(layout: ShardLayout): Promise<Layout> },
): WindowOrder {
  const starts = new Float64Array(shards.length)
  let size = 0
  for (const [n, shard] of shards.entries()) {
    starts[n] = size
    size += sizeOf(shard)
  }
  const hasLayouts = shards.some(({ layout }) => layout)
  const windows = windowsOf(shards, shape)
  const order = windows === 0 ? undefined : keyedPermutation(windows, key)
  const [stride, length] = shape.packing === 'best_fit' ? [1, 1] : [shape.sequence_tokens, rowTokens(shape)]
  const known = (place: number) => {
    if (order) return order
    throw new OrreryError('invalid_argument', `There is no place ${place} in a generation without windows.`, { place })
  }

  /** Which units of which shards a window has: where there are no layouts, units are tokens. */
  function spansOf(window: number): Piece[] {
    const spans: Piece[] = []
    let [at, left] = [window * stride, length]
    for (let n = countUpTo(starts, at) - 1; left > 0; n++) {
      const shard = shards[n] as GenerationShard
      const start = at - (starts[n] as number)
      const tokens = Math.min(left, sizeOf(shard) - start)
      spans.push({ shard, start, tokens })
      at += tokens
      left -= tokens
    }
    return spans
  }

  async function laidOut({ shard, start, tokens }: Piece): Promise<Piece[]> {
    if (!shard.layout) return [{ shard, start, tokens }]
    const layout = await layoutOf(shard.layout)
    return (shape.packing === 'best_fit' ? layout.row(start) : layout.stretch(start, tokens)).map((chunk) => ({ shard, ...chunk }))
  }

  return {
    windows,
    at: (place) => known(place).at(place),
    placeOf: (window) => known(window).indexOf(window),
    piecesOf: (window) => (hasLayouts ? Promise.all(spansOf(window).map(laidOut)).then((pieces) => pieces.flat()) : spansOf(window)),
    windowsAt(n, from, to) {
      const start = starts[n] as number
      // A row of the stream goes on beyond its stride.
      const first = Math.floor((start + from - (length - stride)) / stride)
      return [Math.max(0, first), Math.min(windows, Math.ceil((start + to) / stride))]
    },
  }
}
