import { openTextEncoder } from './text-encoder.ts'
import { textOfTokens } from './token-text.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Tokens of several texts, one behind the other. */
export interface TokenizedTexts {
  tokens: Uint32Array
  /** Where those of each text end. */
  ends: readonly number[]
}

/** What a thread of `Encoders` does. */
export interface EncoderThread {
  vocabulary(): Promise<Vocabulary>
  encode(texts: readonly string[]): Promise<TokenizedTexts>
  /** As `textOfTokens` has it. */
  textOf(tokens: Uint32Array, wanted: number): Promise<Uint8Array | undefined>
}

/** @param tokenizer, folder as `openTextEncoder` has them */
export async function openEncoderThread(tokenizer: string, folder: string): Promise<EncoderThread & AsyncDisposable> {
  const encoder = await openTextEncoder(tokenizer, folder)
  return {
    async vocabulary() {
      return encoder.vocabulary
    },
    async encode(texts) {
      const each = texts.map((text) => encoder.encode(text))
      let end = 0
      const ends = each.map(({ length }) => (end += length))
      const tokens = new Uint32Array(end)
      for (const [n, some] of each.entries()) tokens.set(some, ends[n]! - some.length)
      return { tokens, ends }
    },
    async textOf(tokens, wanted) {
      return textOfTokens(encoder, tokens, wanted)
    },
    async [Symbol.asyncDispose]() {},
  }
}
