import { recentValues } from '#infra/recent-values.ts'
import { mergePiece, workPerStep } from './merge.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Pieces that are no token of their own, remembered with their tokens: words come back (Zipf). */
const rememberedBytesMax = 32 * 2 ** 20
const rememberedPieceChars = 48
const tokenBytes = 8

export type Encode = (text: string) => Promise<number[]>

/**
 * An encoder of plain text: the same tokens as tiktoken's `encode_ordinary`, so a text that spells `<|endoftext|>` becomes the tokens of its
 * characters and never a special token. Lone surrogates count as U+FFFD. One call takes O(n log n) of the longest piece, whatever the text.
 * @param turn waits for others now and then; called with the characters of each piece of work, also in the middle of a text: 8 MB take seconds
 */
export function createEncoder(vocabulary: Vocabulary, turn: (chars: number) => Promise<void>): Encode {
  const remembered = recentValues<string, readonly number[]>({ bytesMax: rememberedBytesMax, bytesOf: (tokens) => tokens.length * tokenBytes })

  const encodePiece = async (piece: string): Promise<readonly number[]> => {
    const bytes = Buffer.from(piece).toString('latin1')
    const whole = vocabulary.ranks.get(bytes)
    const tokens = whole === undefined ? await merged(bytes) : [whole]
    if (piece.length <= rememberedPieceChars) remembered.keep(piece, tokens)
    return tokens
  }

  const merged = async (bytes: string): Promise<number[]> => {
    const merging = mergePiece(bytes, vocabulary)
    let step = merging.next()
    for (; !step.done; step = merging.next()) await turn(workPerStep)
    return step.value
  }

  return async (text) => {
    const tokens: number[] = []
    let chars = 0
    for (const [piece] of text.matchAll(vocabulary.pattern)) {
      for (const token of remembered.get(piece) ?? (await encodePiece(piece))) tokens.push(token)
      chars += piece.length
      if (chars < workPerStep) continue
      await turn(chars)
      chars = 0
    }
    await turn(chars)
    return tokens
  }
}
