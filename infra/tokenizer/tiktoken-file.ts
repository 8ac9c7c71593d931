import { tokenBytesOf, type TokenBytes } from './token-bytes.ts'

/** Tokens of a `.tiktoken` file: one a line, base64 of its bytes, a space, its number. */
export function parseTiktokenFile(file: Buffer): TokenBytes {
  const tokens: Uint8Array[] = []
  for (const line of file.toString('latin1').split('\n')) {
    const space = line.indexOf(' ')
    if (space > 0) tokens[Number(line.slice(space + 1))] = Buffer.from(line.slice(0, space), 'base64')
  }
  return tokenBytesOf(tokens)
}
