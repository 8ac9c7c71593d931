import type { Pattern } from './pattern.ts'
import { paddingBytes, pieceEnds } from './plain-pieces.ts'
import { PlainMerge } from './plain-merge.ts'
import type { Tables } from './tables.ts'
import { TokenIndex } from './token-bytes.ts'

/** Pieces remembered with their tokens: words come back (Zipf). Each takes eight words: its bytes with their number in the last of them, and up to four tokens. */
const rememberedPieces = 2 ** 15
const wordsOfPiece = 8
const rememberedBytesMax = 15
const tokensOfPiece = 4
/** A buffer that one long text made larger than this goes with it. */
const keptBytesMax = 2 ** 20

/** Where there is no kernel: the same tokens, some three times as slow. */
export class PlainEncoder {
  readonly #pieces: ReturnType<typeof pieceEnds>
  readonly #merge: PlainMerge
  readonly #wholes: TokenIndex
  readonly #wholeIds: Uint32Array
  readonly #outer: Uint32Array
  readonly #remembered = new Int32Array(rememberedPieces * wordsOfPiece)
  #bytes = Buffer.alloc(0)
  #out = new Uint32Array(0)

  constructor(tables: Tables, pattern: Pattern) {
    this.#pieces = pieceEnds(pattern)
    this.#merge = new PlainMerge(tables.pairs)
    this.#wholes = new TokenIndex(tables.wholes, tables.wholes.slots)
    this.#wholeIds = tables.wholes.ids
    this.#outer = tables.outer
  }

  encode(text: string): Uint32Array<ArrayBuffer> {
    const length = this.#read(text)
    const bytes = this.#bytes
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const pieceEnd = this.#pieces(bytes, length)
    let outAt = 0
    for (let at = 0; at < length;) {
      const end = pieceEnd(at)
      outAt = end - at <= rememberedBytesMax ? this.#short(view, at, end, outAt) : this.#tokensOf(at, end, outAt)
      at = end
    }
    const tokens = this.#out.slice(0, outAt)
    if (this.#bytes.length > keptBytesMax) [this.#bytes, this.#out] = [Buffer.alloc(0), new Uint32Array(0)]
    return tokens
  }

  /** As UTF-8 with zeros behind; lone surrogates become U+FFFD. @returns how many bytes */
  #read(text: string): number {
    const bytesMax = text.length > keptBytesMax / 4 ? Buffer.byteLength(text) : 3 * text.length
    if (this.#bytes.length < bytesMax + paddingBytes) {
      this.#bytes = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytesMax + paddingBytes)))
      this.#out = new Uint32Array(this.#bytes.length)
    }
    const length = this.#bytes.write(text)
    this.#bytes.fill(0, length, length + paddingBytes)
    return length
  }

  #short(view: DataView, at: number, end: number, outAt: number): number {
    const length = end - at
    const [remembered, out] = [this.#remembered, this.#out]
    const a = length >= 4 ? view.getInt32(at, true) : view.getInt32(at, true) & masks[length]!
    const b = length >= 8 ? view.getInt32(at + 4, true) : length > 4 ? view.getInt32(at + 4, true) & masks[length - 4]! : 0
    const c = length >= 12 ? view.getInt32(at + 8, true) : length > 8 ? view.getInt32(at + 8, true) & masks[length - 8]! : 0
    const d = (length > 12 ? view.getInt32(at + 12, true) & masks[length - 12]! : 0) | (length << 24)
    const mixed = Math.imul(a ^ Math.imul(c ^ (c >>> 13), 0x85ebca6b), 0x9e3779b1) ^ Math.imul(b ^ Math.imul(d, 0xc2b2ae35), 0x27d4eb2f)
    const slot = (Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1) >>> 17) * wordsOfPiece
    if (remembered[slot] === a && remembered[slot + 1] === b && remembered[slot + 2] === c && remembered[slot + 3] === d) {
      const first = remembered[slot + 4]!
      const count = first >>> 24
      out[outAt] = first & 0xffffff
      for (let n = 1; n < count; n++) out[outAt + n] = remembered[slot + 4 + n]!
      return outAt + count
    }
    const tokensEnd = this.#tokensOf(at, end, outAt)
    const count = tokensEnd - outAt
    if (count > tokensOfPiece) return tokensEnd
    remembered[slot] = a
    remembered[slot + 1] = b
    remembered[slot + 2] = c
    remembered[slot + 3] = d
    for (let n = 0; n < count; n++) remembered[slot + 4 + n] = out[outAt + n]!
    remembered[slot + 4]! |= count << 24
    return tokensEnd
  }

  #tokensOf(at: number, end: number, outAt: number): number {
    const whole = this.#wholeIds.length === 0 ? -1 : this.#wholes.find(this.#bytes, at, end)
    if (whole >= 0) {
      this.#out[outAt] = this.#wholeIds[whole]!
      return outAt + 1
    }
    const tokensEnd = this.#merge.merge(this.#bytes, at, end, this.#out, outAt)
    for (let n = outAt; n < tokensEnd; n++) this.#out[n] = this.#outer[this.#out[n]!]!
    return tokensEnd
  }
}

/** Of the first bytes of a word, by how many they are. */
const masks = [0, 0xff, 0xffff, 0xffffff, -1]
