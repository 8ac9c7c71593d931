import { recentValues } from '#infra/recent-values.ts'
import { mergePiece } from './merge.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Pieces that are no token of their own, remembered with their tokens: words come back (Zipf). */
const rememberedBytesMax = 32 * 2 ** 20
const rememberedPieceChars = 48
const tokenBytes = 8

export type Encode = (text: string) => number[]

/**
 * An encoder of plain text: the same tokens as tiktoken's `encode_ordinary`, so a text that spells `<|endoftext|>` becomes the tokens of its
 * characters and never a special token. Lone surrogates count as U+FFFD. One call takes O(n log n) of the longest piece, whatever the text.
 */
export function createEncoder(vocabulary: Vocabulary): Encode {
  const remembered = recentValues<string, readonly number[]>({ bytesMax: rememberedBytesMax, bytesOf: (tokens) => tokens.length * tokenBytes })

  const encodePiece = (piece: string): readonly number[] => {
    const known = remembered.get(piece)
    if (known) return known
    const bytes = Buffer.from(piece).toString('latin1')
    const whole = vocabulary.ranks.get(bytes)
    const tokens = whole === undefined ? mergePiece(bytes, vocabulary) : [whole]
    if (piece.length <= rememberedPieceChars) remembered.keep(piece, tokens)
    return tokens
  }

  return (text) => {
    const tokens: number[] = []
    for (const [piece] of text.matchAll(vocabulary.pattern)) for (const token of encodePiece(piece)) tokens.push(token)
    return tokens
  }
}
