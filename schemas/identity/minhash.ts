import { withoutInvisible } from './invisible.ts'
import { openKernel, type Kernel } from './minhash-kernel.ts'
import { plainMinhash } from './minhash-plain.ts'
import { nfc } from './unicode.ts'

/**
 * MinHash (Broder 1997) over word 5-grams, 14 bands of 8 rows as in FineWeb (arXiv 2406.17557). All arithmetic is modulo 2³². To the byte:
 *
 * 1. `normalizeText`; the UTF-16 code units are read one by one.
 * 2. A word is a longest run of letters, marks, digits (\p{L}, \p{M}, \p{N}) and surrogates; a letter of a script written without spaces
 *    (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar) is a word by itself. By the tables of Unicode 16.0, whatever the engine knows.
 * 3. A word's hash is FNV-1a over its code units, each by its simple case folding (CaseFolding.txt of Unicode 16.0, status C and S): h = 0x811c9dc5, then h = (h ^ unit) × 0x01000193.
 * 4. A shingle's hash, for five words in a row: s = 0x9e3779b9, then for each word s = (rotl(s, 5) ^ h) × 0x27d4eb2f, then MurmurHash3's fmix32.
 *    A text of 1 to 4 words is one shingle of all of them; a text without words has none.
 * 5. Row i (0 ≤ i < 112) is the minimum of aᵢ × s + bᵢ over all shingles, 0xffffffff without any. aᵢ (with its lowest bit set) and bᵢ are
 *    outputs 2i and 2i + 1 of SplitMix32 from `seed`.
 * 6. The signature is the rows in order, u32 little-endian: 448 bytes; band k is bytes 32k to 32k + 31.
 *
 * vectors.json has examples. This is minhash-plain.ts made fast by a WebAssembly kernel; the bytes are the same.
 */
export function minhash(text: string): Uint8Array<ArrayBuffer> {
  kernel ??= openKernel() ?? 'none'
  return kernel === 'none' ? plainMinhash(text) : kernel(sameWords(text))
}

/** Of this thread, opened at the first use. */
let kernel: Kernel | 'none' | undefined

/**
 * What of `normalizeText` shows in a signature: it makes spaces and line ends of one kind, which are between words all the same; so what is left is lone
 * surrogates, invisible characters, and NFC. Text of the printable ASCII characters is as it should be.
 */
function sameWords(text: string): string {
  return notPlain.test(text) ? nfc(withoutInvisible(text.toWellFormed())) : text
}

const notPlain = /[^\t-\r -~]/
