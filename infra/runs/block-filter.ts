import { fmix32 } from '#schemas/fmix32.ts'

const golden = 0x9e3779b9

/** Two hashes of a key, from which all its bits follow (Kirsch and Mitzenmacher, "Less Hashing, Same Performance", 2006). */
export function keyHash(high: number, low: number): number {
  return fmix32(low ^ fmix32(high ^ golden))
}

const stepOf = (hash: number): number => fmix32(hash ^ golden) | 1

/** Words of a filter over `entries` keys. */
export const filterWords = (entries: number, bitsPerEntry: number): number => Math.max(1, Math.round((entries * bitsPerEntry) / 32))

/** Bits set for a key: what lets the fewest through (Bloom, 1970: bits an entry × ln 2). */
export const probesOf = (bitsPerEntry: number): number => Math.max(1, Math.round(bitsPerEntry * Math.LN2))

/**
 * A Bloom filter of one block of a run, `words` u32 from `start`: as keys are looked up in order, its few cache lines are read one after the other.
 * 2048 words at most.
 */
export function filterAdd(filters: Uint32Array, start: number, words: number, probes: number, hash: number): void {
  const step = stepOf(hash)
  for (let probe = 0, bits = hash | 0; probe < probes; probe++, bits = (bits + step) | 0) {
    const bit = ((bits >>> 16) * words * 32) >>> 16
    filters[start + (bit >>> 5)] = (filters[start + (bit >>> 5)] as number) | (1 << (bit & 31))
  }
}

/** False: the key is not in the block. */
export function filterHas(filters: Uint32Array, start: number, words: number, probes: number, hash: number): boolean {
  const step = stepOf(hash)
  for (let probe = 0, bits = hash | 0; probe < probes; probe++, bits = (bits + step) | 0) {
    const bit = ((bits >>> 16) * words * 32) >>> 16
    if (((filters[start + (bit >>> 5)] as number) & (1 << (bit & 31))) === 0) return false
  }
  return true
}
