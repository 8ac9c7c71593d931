/** Texts of bytes one behind the other, found by what they are: the tokens of a vocabulary. */
export interface TokenBytes {
  /** All of them, by number; a number nothing has is empty. */
  bytes: Uint8Array
  /** Where each begins in `bytes`, and one more. */
  starts: Uint32Array
}

/** @param tokens by number */
export function tokenBytesOf(tokens: readonly (Uint8Array | undefined)[]): TokenBytes {
  const starts = new Uint32Array(tokens.length + 1)
  let end = 0
  for (let token = 0; token < tokens.length; token++) starts[token + 1] = end += tokens[token]?.length ?? 0
  const bytes = new Uint8Array(end)
  for (const [number, token] of tokens.entries()) if (token) bytes.set(token, starts[number])
  return { bytes, starts }
}

/** A flat hash table over them. */
export class TokenIndex {
  readonly #tokens: TokenBytes
  /** Number + 1; 0 = free. */
  readonly slots: Uint32Array

  /** @param slots of an index over the same that was made before */
  constructor(tokens: TokenBytes, slots?: Uint32Array) {
    this.#tokens = tokens
    const count = tokens.starts.length - 1
    this.slots = slots ?? new Uint32Array(2 ** Math.ceil(Math.log2(2 * count + 2)))
    if (slots) return
    for (let token = 0; token < count; token++) {
      const [start, end] = [tokens.starts[token]!, tokens.starts[token + 1]!]
      if (end > start) this.slots[this.#slotOf(tokens.bytes, start, end)] = token + 1
    }
  }

  /** @returns number of the token that is these bytes; -1: none */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.slots[this.#slotOf(bytes, start, end)]! - 1
  }

  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.slots.length - 1
    for (let slot = hashOf(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const token = this.slots[slot]! - 1
      if (token < 0 || this.#is(token, bytes, start, end)) return slot
    }
  }

  #is(token: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { starts, bytes: all } = this.#tokens
    const from = starts[token]!
    if (starts[token + 1]! - from !== end - start) return false
    for (let at = start; at < end; at++) if (all[from + at - start] !== bytes[at]) return false
    return true
  }
}

/** FNV-1a, mixed; kernel.c has the same. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
