import { fmix32 } from '../fmix32.ts'
import { normalizeText } from './content-id.ts'
import { rows, signatureBytes } from './signature.ts'
import { foldsOfUnits, kindsOfUnits } from './unicode.ts'

const seed = 0x6f727265 // "orre"
const wordsPerShingle = 5

/**
 * The signature of a text as identity/minhash.ts specifies it, step by step: what runs where WebAssembly has no SIMD, and what the kernel is tested against.
 * It costs many times as much.
 */
export function plainMinhash(text: string): Uint8Array<ArrayBuffer> {
  const minima = new Uint32Array(rows).fill(0xffffffff)
  // A shingle that stands twice changes no minimum.
  for (const shingle of shingleHashes(wordHashes(normalizeText(text)))) lowerMinima(minima, shingle)
  const signature = new Uint8Array(signatureBytes)
  const view = new DataView(signature.buffer)
  for (let row = 0; row < rows; row++) view.setUint32(row * 4, minima[row] as number, true)
  return signature
}

const { multipliers, addends } = permutations()

function lowerMinima(minima: Uint32Array, shingle: number): void {
  for (let row = 0; row < rows; row++) {
    const value = (Math.imul(shingle, multipliers[row] as number) + (addends[row] as number)) >>> 0
    if (value < (minima[row] as number)) minima[row] = value
  }
}

const inWord = 1
const wordByItself = 2

function wordHashes(text: string): Uint32Array {
  const [kinds, folds] = [kindsOfUnits(), foldsOfUnits()]
  const hashes = new Uint32Array(text.length)
  let words = 0
  let hash = 0
  let open = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const kind = kinds[unit]
    const folded = folds[unit] as number
    if (kind === inWord) {
      hash = Math.imul((open ? hash : 0x811c9dc5) ^ folded, 0x01000193)
      open = true
      continue
    }
    if (open) hashes[words++] = hash
    open = false
    if (kind === wordByItself) hashes[words++] = Math.imul(0x811c9dc5 ^ folded, 0x01000193)
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

/** Of each row, by SplitMix32: state += 0x9e3779b9, output = fmix32(state). */
export function permutations(): { multipliers: Uint32Array; addends: Uint32Array } {
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
