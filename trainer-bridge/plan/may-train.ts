import { recentValues } from '#infra/recent-values.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { GenerationShard } from '#schemas/token-list.ts'
import { readGaps, type Gaps } from './gaps.ts'
import type { Piece } from './generation.ts'
import type { TokenView } from './token-view.ts'
import type { MayTrain } from './walk.ts'

const gapsBytesMax = 16 * 2 ** 20

/** For a run of epochs: the question asked of each window at the planning of one. What is deleted of a shard is read when a window first meets it. */
export function windowJudge(store: Pick<ObjectStore, 'get'>): (tokens: TokenView, lost: (key: string, problem: string) => void) => MayTrain {
  const kept = recentValues<string, Gaps>({ bytesMax: gapsBytesMax, bytesOf: ({ bytes }) => bytes })
  return (tokens, lost) => {
    // A shard that is lost is asked for again at the next planning: it may be back.
    const missing = new Map<string, Gaps>()
    const nameOf = ({ sha256 }: GenerationShard): string => `${sha256} ${tokens.deletesOf(sha256)?.sha256 ?? ''}`
    const known = (shard: GenerationShard): Gaps | undefined => missing.get(shard.sha256) ?? kept.get(nameOf(shard))
    const read = async (shard: GenerationShard): Promise<Gaps> => {
      const reading = { deletes: tokens.deletesOf(shard.sha256), tokenizer: tokens.tokenizer, lost: (problem: string) => (isLost = problem) }
      let isLost: string | undefined
      const gaps = await readGaps(store, shard, reading)
      if (isLost === undefined) kept.keep(nameOf(shard), gaps)
      else {
        missing.set(shard.sha256, gaps)
        lost(shard.key, isLost)
      }
      return gaps
    }
    const judge = async (pieces: readonly Piece[]): Promise<boolean> => {
      for (const { shard, start, tokens: count } of pieces) if ((known(shard) ?? (await read(shard))).meet(start, count)) return false
      return true
    }
    return (pieces) => {
      if (pieces.some(({ shard }) => !known(shard))) return judge(pieces)
      return !pieces.some(({ shard, start, tokens: count }) => known(shard)?.meet(start, count))
    }
  }
}
