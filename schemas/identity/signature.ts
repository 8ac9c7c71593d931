import { fmix32 } from '../fmix32.ts'

/** Shape of a MinHash signature: 14 bands of 8 rows of u32, little-endian. */
export const bands = 14
export const rowsPerBand = 8
export const rows = bands * rowsPerBand
export const signatureBytes = rows * 4
/** The bands as they stand, and as many across them: row k, k + 14, k + 28 … */
export const bandKeys = 2 * bands

/**
 * Two documents with so many equal rows are near-duplicates. 0.1 below the Jaccard similarity that is meant (0.8), which is 2.6 standard errors of the
 * estimate there: 99.6 % of the pairs at 0.8 reach it, and 1 in 100,000 at 0.5.
 */
export const nearDuplicateMin = 0.7

/** Estimate of the Jaccard similarity of two texts, 0..1: the share of equal rows (standard error ≤ 0.048). */
export function similarity(a: Uint8Array, b: Uint8Array): number {
  let equal = 0
  for (let byte = 0; byte < signatureBytes; byte += 4) {
    if (a[byte] === b[byte] && a[byte + 1] === b[byte + 1] && a[byte + 2] === b[byte + 2] && a[byte + 3] === b[byte + 3]) equal++
  }
  return equal / rows
}

/**
 * The 28 keys (u32) under which similar signatures meet. Each row stands in two bands of eight that share no other row, so two texts of Jaccard similarity J
 * share a key with probability 1 − (1 − J⁸)²⁸: 0.994 at 0.8, where the fourteen bands alone give 0.92.
 * For tables of this process: not the same on machines of another byte order.
 */
export function bandHashes(signature: Uint8Array): Uint32Array {
  const aligned = new Uint32Array(rows)
  new Uint8Array(aligned.buffer).set(signature)
  const hashes = new Uint32Array(bandKeys)
  for (let band = 0; band < bands; band++) {
    let straight = band + 1
    let across = band + bands + 1
    for (let row = 0; row < rowsPerBand; row++) {
      straight = mix(straight, aligned[band * rowsPerBand + row] as number)
      across = mix(across, aligned[band + row * bands] as number)
    }
    hashes[band] = fmix32(straight)
    hashes[band + bands] = fmix32(across)
  }
  return hashes
}

const mix = (hash: number, row: number): number => Math.imul(((hash << 5) | (hash >>> 27)) ^ row, 0x27d4eb2f)
