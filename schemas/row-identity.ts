import { sha256Hex } from './canonical-json.ts'
import { timeBucketOf } from './data-universe.ts'
import type { Document } from './document.ts'
import { fmix32 } from './fmix32.ts'
import { rowsPerBand } from './identity/signature.ts'

/**
 * What a row is and what it counts for, without its text. The first four are its identity, u32 each: no two rows have all of them by chance, and who would make
 * another text that has them must keep most of this one.
 */
export interface RowIdentity {
  /** Of the page: the first 32 bits of the sha256 of its uri in lower case. */
  uri: number
  /** Of the text: eight rows of its MinHash signature, mixed. Equal texts have the same, and of two texts of Jaccard similarity J a share of J⁸. */
  text: number
  /** The lowest bits of 64 further rows of the signature (b-bit MinHash, Li and König 2010): of two texts of similarity J about (1 + J) ÷ 2 of them are equal. */
  sketch0: number
  sketch1: number
  /** Time bucket of its datetime (data-universe.ts). */
  hour: number
  textBytes: number
}

const sketchRows = 64

export function rowIdentity({ uri, minhash, datetime, text_bytes: textBytes }: Pick<Document, 'uri' | 'minhash' | 'datetime' | 'text_bytes'>): RowIdentity {
  return { uri: uriKey(uri), ...textIdentity(minhash), hour: timeBucketOf(datetime.getTime()), textBytes }
}

/** Two spellings of a page that differ in case are one page. */
const uriKey = (uri: string): number => Number.parseInt(sha256Hex(uri.toLowerCase()).slice(0, 8), 16)

/** @param signature as identity/minhash.ts makes it */
export function textIdentity(signature: Uint8Array): Pick<RowIdentity, 'text' | 'sketch0' | 'sketch1'> {
  const view = new DataView(signature.buffer, signature.byteOffset, signature.length)
  let text = 0x9e3779b9
  for (let row = 0; row < rowsPerBand; row++) text = Math.imul(((text << 5) | (text >>> 27)) ^ view.getUint32(4 * row, true), 0x27d4eb2f)
  return { text: fmix32(text) >>> 0, sketch0: lowestBits(view, rowsPerBand), sketch1: lowestBits(view, rowsPerBand + sketchRows / 2) }
}

function lowestBits(view: DataView, firstRow: number): number {
  let bits = 0
  for (let bit = 0; bit < sketchRows / 2; bit++) bits |= (view.getUint8(4 * (firstRow + bit)) & 1) << bit
  return bits >>> 0
}

/** What a text without a word has: nothing is like it. */
export const wordless = textIdentity(new Uint8Array(4 * (rowsPerBand + sketchRows)).fill(0xff))

/**
 * Bits that two sketches have in common, of 64, from which on: `page`, of one page, most of the text is the same (J ≥ 0.4); `renewed`, it is hardly another (J ≥ 0.7);
 * `text`, of two pages whose `text` is the same, it is nearly the same (J ≥ 0.87; of a thousand pages of one mould, J = 0.6, hardly a dozen pairs).
 */
export const nearBitsMin = { page: 44, renewed: 54, text: 60 } as const

/** How many bits of two halves of sketches are equal, 0..32. */
export function equalBits(a: number, b: number): number {
  let other = a ^ b
  other -= (other >>> 1) & 0x55555555
  other = (other & 0x33333333) + ((other >>> 2) & 0x33333333)
  return 32 - (Math.imul((other + (other >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24)
}
