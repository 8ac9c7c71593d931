import { normalizeText } from './content-id.ts'

/**
 * MinHash (Broder 1997) over word 5-grams, 14 bands of 8 rows as in FineWeb (arXiv 2406.17557): two texts of Jaccard similarity J share a band
 * with probability 1 − (1 − J⁸)¹⁴, which is 0.92 at 0.8 and 0.05 at 0.5. All arithmetic is modulo 2³². To the byte:
 *
 * 1. `normalizeText`, then `toLowerCase`; the UTF-16 code units are read one by one.
 * 2. A word is a longest run of letters, marks, digits (\p{L}, \p{M}, \p{N}) and surrogates; a letter of a script written without spaces
 *    (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar) is a word by itself.
 * 3. A word's hash is FNV-1a over its code units: h = 0x811c9dc5, then h = (h ^ unit) × 0x01000193.
 * 4. A shingle's hash, for five words in a row: s = 0x9e3779b9, then for each word s = (rotl(s, 5) ^ h) × 0x27d4eb2f, then MurmurHash3's fmix32.
 *    A text of 1 to 4 words is one shingle of all of them; a text without words has none.
 * 5. Row i (0 ≤ i < 112) is the minimum of aᵢ × s + bᵢ over all shingles, 0xffffffff without any. aᵢ (with its lowest bit set) and bᵢ are
 *    outputs 2i and 2i + 1 of SplitMix32 from `seed`.
 * 6. The signature is the rows in order, u32 little-endian: 448 bytes; band k is bytes 32k to 32k + 31.
 */
export const bands = 14
const rowsPerBand = 8
const rows = bands * rowsPerBand
export const signatureBytes = rows * 4
const seed = 0x6f727265 // "orre"
const wordsPerShingle = 5

const { multipliers, addends } = permutations()

/** The signature of a text, 448 bytes. */
export function minhash(text: string): Uint8Array<ArrayBuffer> {
  const minima = new Uint32Array(rows).fill(0xffffffff)
  const shingles = new Set(shingleHashes(wordHashes(normalizeText(text).toLowerCase())))
  for (const shingle of shingles) lowerMinima(minima, shingle)
  const signature = new Uint8Array(signatureBytes)
  const view = new DataView(signature.buffer)
  for (let row = 0; row < rows; row++) view.setUint32(row * 4, minima[row] as number, true)
  return signature
}

function lowerMinima(minima: Uint32Array, shingle: number): void {
  for (let row = 0; row < rows; row++) {
    const value = (Math.imul(shingle, multipliers[row] as number) + (addends[row] as number)) >>> 0
    if (value < (minima[row] as number)) minima[row] = value
  }
}

/** The 14 keys under which similar signatures meet: `band:` and the band's 32 bytes in hex. */
export function bandKeys(signature: Uint8Array): string[] {
  const hex = Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString('hex')
  const chars = rowsPerBand * 8
  return Array.from({ length: bands }, (_, band) => `${band}:${hex.slice(band * chars, (band + 1) * chars)}`)
}

/** Estimate of the Jaccard similarity of two texts, 0..1: the share of equal rows (standard error ≤ 0.048). */
export function similarity(a: Uint8Array, b: Uint8Array): number {
  let equal = 0
  for (let byte = 0; byte < signatureBytes; byte += 4) {
    if (a[byte] === b[byte] && a[byte + 1] === b[byte + 1] && a[byte + 2] === b[byte + 2] && a[byte + 3] === b[byte + 3]) equal++
  }
  return equal / rows
}

const inWord = 1
const wordByItself = 2

/** Kind of each UTF-16 code unit, 0 = between words; made at the first use. */
let kinds: Uint8Array | undefined

function kindsOfUnits(): Uint8Array {
  const table = new Uint8Array(0x10000)
  const alone = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
  for (let unit = 0; unit < table.length; unit++) {
    const character = String.fromCharCode(unit)
    if (unit >= 0xd800 && unit <= 0xdfff) table[unit] = inWord
    else if (/\p{L}/u.test(character)) table[unit] = unit > 0x7f && alone.test(character) ? wordByItself : inWord
    else if (/[\p{M}\p{N}]/u.test(character)) table[unit] = inWord
  }
  return table
}

function wordHashes(text: string): Uint32Array {
  kinds ??= kindsOfUnits()
  const hashes = new Uint32Array(text.length)
  let words = 0
  let hash = 0
  let open = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const kind = kinds[unit]
    if (kind === inWord) {
      hash = Math.imul((open ? hash : 0x811c9dc5) ^ unit, 0x01000193)
      open = true
      continue
    }
    if (open) hashes[words++] = hash
    open = false
    if (kind === wordByItself) hashes[words++] = Math.imul(0x811c9dc5 ^ unit, 0x01000193)
  }
  if (open) hashes[words++] = hash
  return hashes.subarray(0, words)
}

function shingleHashes(words: Uint32Array): Uint32Array {
  if (words.length === 0) return words
  const length = Math.min(words.length, wordsPerShingle)
  const shingles = new Uint32Array(words.length - length + 1)
  for (let start = 0; start < shingles.length; start++) {
    let hash = 0x9e3779b9
    for (let word = start; word < start + length; word++) hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ (words[word] as number), 0x27d4eb2f)
    shingles[start] = fmix32(hash)
  }
  return shingles
}

function fmix32(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** SplitMix32: state += 0x9e3779b9, output = fmix32(state). */
function permutations(): { multipliers: Uint32Array; addends: Uint32Array } {
  const multipliers = new Uint32Array(rows)
  const addends = new Uint32Array(rows)
  let state = seed
  const next = (): number => fmix32((state = (state + 0x9e3779b9) >>> 0))
  for (let row = 0; row < rows; row++) {
    multipliers[row] = next() | 1
    addends[row] = next()
  }
  return { multipliers, addends }
}
