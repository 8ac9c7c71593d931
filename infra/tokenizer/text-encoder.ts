import { openBpeKernel } from './bpe-kernel.ts'
import { nfcOfNine } from './nfc-of-nine.ts'
import { packedTables } from './packed-tables.ts'
import { PlainEncoder } from './plain-encoder.ts'
import { openSentencePiece } from './sentencepiece.ts'
import { tokenDecoder } from './token-decoder.ts'
import { bpeSource, type Vocabulary } from './vocabulary.ts'

/** Tokens of plain text: one that spells `<|endoftext|>` becomes the tokens of its characters. Lone surrogates count as U+FFFD. */
export interface TextEncoder {
  readonly vocabulary: Vocabulary
  encode(text: string): Uint32Array<ArrayBuffer>
  /** UTF-8 of the tokens, torn where they begin or end inside a character; special ones have none. */
  decode(tokens: Uint32Array): Buffer
}

/**
 * @param tokenizer as `dataset.tokenizer` has it
 * @param folder what was made of its vocabulary is kept there
 * @throws as `bpeSource`, `openSentencePiece`
 */
export async function openTextEncoder(tokenizer: string, folder: string): Promise<TextEncoder> {
  if (tokenizer.endsWith('.model')) return openSentencePiece(tokenizer)
  const { vocabulary, pattern, isNfc, tables } = packedTables(bpeSource(tokenizer), folder)
  const encoder = openBpeKernel(tables, pattern) ?? new PlainEncoder(tables, pattern)
  return { vocabulary, decode: tokenDecoder(tables), encode: isNfc ? (text) => encoder.encode(nfcOfNine(text)) : (text) => encoder.encode(text) }
}
