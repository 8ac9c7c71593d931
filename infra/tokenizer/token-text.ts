import { isUtf8 } from 'node:buffer'
import type { TextEncoder } from './text-encoder.ts'

/** Tokens that a text must have beyond what is wanted, so that its end is cut in the middle of them and not of those. */
export const surplusTokens = 16

/**
 * UTF-8 of a text for programs that have only a tokenizer: it encodes to the first `wanted` of the tokens, and at least `surplusTokens` more. The token that ends
 * documents is spelled, as tokenizers read it that know special tokens; where a document has that spelling itself, or where a cut through words or characters makes
 * other tokens of the bytes, there is no such text: it was tried.
 * @param tokens those wanted, and some that follow them
 */
export function textOfTokens(encoder: TextEncoder, tokens: Uint32Array, wanted: number): Buffer | undefined {
  const { endOfText, endSpelling } = encoder.vocabulary
  const parts: Buffer[] = []
  for (let at = 0; at <= tokens.length;) {
    const end = tokens.indexOf(endOfText, at)
    parts.push(encoder.decode(tokens.subarray(at, end < 0 ? tokens.length : end)))
    if (end < 0) break
    at = end + 1
    parts.push(Buffer.from(endSpelling))
  }
  const text = wholeCharacters(Buffer.concat(parts))
  return text && beginsWith(encoded(encoder, text.toString()), tokens, wanted) ? text : undefined
}

/** What follows may end inside a character: that goes. undefined when it is no UTF-8 elsewhere. */
function wholeCharacters(text: Buffer): Buffer | undefined {
  for (let cut = 0; cut < 4; cut++) {
    const whole = text.subarray(0, text.length - cut)
    if (isUtf8(whole)) return whole
  }
  return undefined
}

function* encoded({ encode, vocabulary: { endOfText, endSpelling } }: TextEncoder, text: string): Generator<number> {
  for (const [n, part] of text.split(endSpelling).entries()) {
    if (n > 0) yield endOfText
    yield* encode(part)
  }
}

function beginsWith(made: Iterable<number>, tokens: Uint32Array, wanted: number): boolean {
  let count = 0
  for (const token of made) {
    if (count < wanted && token !== tokens[count]) return false
    if (++count === wanted + surplusTokens) return true
  }
  return false
}
