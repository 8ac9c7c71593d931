import { joined } from './pair-table.ts'

/** Bytes that are merged together; of a longer piece the last of them are merged once more with what follows. */
const windowBytes = 256
const never = 0x7fffffff

/**
 * Byte-pair encoding of one piece: again and again the leftmost pair of lowest number becomes one token.
 *
 * A long piece goes through a window, so that n bytes cost O(n): what was merged up to a token's end stands when the window that begins with this token makes it again.
 * For then no pair across its end was ever the lowest of the bytes of both neighbours, and no merging beside them changes these. If it does not, the window was
 * too small for what stands there, and the piece is merged again through one of twice its size. kernel.c does the same.
 */
export class PlainMerge {
  readonly #pairs: Uint32Array
  #ids = new Int32Array(windowBytes)
  #ends = new Int32Array(windowBytes)
  #ranks = new Int32Array(windowBytes)

  constructor(pairs: Uint32Array) {
    this.#pairs = pairs
  }

  /** Appends the tokens of bytes [start, end) to `out`, which has room for one a byte, by their inner numbers. @returns where they end */
  merge(bytes: Uint8Array, start: number, end: number, out: Uint32Array, outAt: number): number {
    for (let width = windowBytes; ; width *= 2) {
      const at = this.#through(bytes, { start, end, width }, out, outAt)
      if (at >= 0) return at
    }
  }

  /** @returns -1 when the window is too small */
  #through(bytes: Uint8Array, { start, end, width }: { start: number; end: number; width: number }, out: Uint32Array, outAt: number): number {
    let at = outAt
    let from = start
    /** Where the last token ends, which is to be made again. */
    let lastEnd = start
    for (;;) {
      const stop = Math.min(from + width, end)
      const count = this.#window(bytes, from, stop)
      if (lastEnd > from && this.#ends[0] !== lastEnd) return -1
      const sure = stop === end ? end : stop - (width >>> 3)
      const before = lastEnd
      for (let n = lastEnd > from ? 1 : 0; n < count && this.#ends[n]! <= sure; n++) {
        out[at++] = this.#ids[n]!
        from = n === 0 ? from : this.#ends[n - 1]!
        lastEnd = this.#ends[n]!
      }
      if (lastEnd === end) return at
      // Nothing was sure: tokens as long as the window.
      if (lastEnd === before) return -1
    }
  }

  /** Merges bytes [start, end): the tokens stand in `#ids`, their ends in `#ends`. @returns how many */
  #window(bytes: Uint8Array, start: number, end: number): number {
    let count = end - start
    if (count > this.#ids.length) [this.#ids, this.#ends, this.#ranks] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)]
    const [ids, ends, ranks, pairs] = [this.#ids, this.#ends, this.#ranks, this.#pairs]
    for (let n = 0; n < count; n++) {
      ids[n] = bytes[start + n]!
      ends[n] = start + n + 1
    }
    const rank = (n: number): number => {
      const become = joined(pairs, ids[n]!, ids[n + 1]!)
      return become < 0 ? never : become
    }
    for (let n = 0; n + 1 < count; n++) ranks[n] = rank(n)
    for (;;) {
      let [best, lowest] = [0, never]
      for (let n = 0; n + 1 < count; n++) if (ranks[n]! < lowest) lowest = ranks[(best = n)]!
      if (lowest === never) return count
      ids[best] = lowest
      ends[best] = ends[best + 1]!
      count--
      for (let n = best + 1; n < count; n++) {
        ids[n] = ids[n + 1]!
        ends[n] = ends[n + 1]!
        ranks[n] = ranks[n + 1]!
      }
      if (best > 0) ranks[best - 1] = rank(best - 1)
      if (best + 1 < count) ranks[best] = rank(best)
    }
  }
}
