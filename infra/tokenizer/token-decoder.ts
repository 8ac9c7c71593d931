import type { Tables } from './tables.ts'
import { tokenBytesOf, type TokenBytes } from './token-bytes.ts'

/** Bytes of tokens of byte-level BPE, one after the other; a number that no plain text has is nothing. */
export function tokenDecoder(tables: Tables): (tokens: Uint32Array) => Buffer {
  let known: TokenBytes | undefined
  return (tokens) => {
    const { bytes, starts } = (known ??= byNumber(tables))
    const parts = Array.from(tokens, (token) => bytes.subarray(starts[token] ?? 0, starts[token + 1] ?? 0))
    return Buffer.concat(parts)
  }
}

function byNumber({ outer, made, wholes }: Tables): TokenBytes {
  const tokens: Uint8Array[] = []
  for (const [inner, token] of outer.entries()) tokens[token] = made.bytes.subarray(made.starts[inner], made.starts[inner + 1])
  for (const [n, token] of wholes.ids.entries()) tokens[token] = wholes.bytes.subarray(wholes.starts[n], wholes.starts[n + 1])
  return tokenBytesOf(tokens)
}
