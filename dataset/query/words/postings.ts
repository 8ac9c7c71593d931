/**
 * Where a word stands: documents by rising numbers, with what it weighs in each (0..255). Bytes of blocks of at most 128 documents, each readable by itself, so that lists are
 * joined by putting one behind the other:
 *
 *   varint first · u8 count − 1 · [varint bytes of the gaps · gaps as varints] · weights, a byte each
 *
 * The part in brackets only where there is more than one.
 */
const blockDocuments = 128

/** @param documents rising @returns no longer than what it says */
export function encodePostings(documents: readonly number[], weights: readonly number[]): Uint8Array {
  const out = new Uint8Array(documents.length * 6 + Math.ceil(documents.length / blockDocuments) * 10)
  let at = 0
  const put = (value: number): void => {
    let left = value
    for (; left >= 0x80; left = Math.floor(left / 0x80)) out[at++] = (left % 0x80) | 0x80
    out[at++] = left
  }
  for (let from = 0; from < documents.length; from += blockDocuments) {
    const end = Math.min(documents.length, from + blockDocuments)
    put(documents[from] as number)
    out[at++] = end - from - 1
    if (end - from > 1) {
      let gapBytes = 0
      for (let n = from + 1; n < end; n++) gapBytes += varintBytes((documents[n] as number) - (documents[n - 1] as number))
      put(gapBytes)
      for (let n = from + 1; n < end; n++) put((documents[n] as number) - (documents[n - 1] as number))
    }
    for (let n = from; n < end; n++) out[at++] = weights[n] as number
  }
  return out.slice(0, at)
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) bytes++
  return bytes
}

/** A list that is read from its beginning to its end, block by block. */
export class PostingsReader {
  readonly #bytes: Uint8Array
  #at = 0
  #first = 0
  #count = 0
  #gapBytes = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Goes on to the next block, unread. @returns whether there is one @throws RangeError for what is no list */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false
    this.#first = this.#varint()
    this.#count = (this.#bytes[this.#at++] as number) + 1
    this.#gapBytes = this.#count > 1 ? this.#varint() : 0
    if (this.#count > blockDocuments || this.#at + this.#gapBytes + this.#count > this.#bytes.length) throw new RangeError('a block is cut off')
    return true
  }

  get first(): number {
    return this.#first
  }

  get count(): number {
    return this.#count
  }

  skip(): void {
    this.#at += this.#gapBytes + this.#count
  }

  /** The first document behind this block; Infinity at the end. */
  get firstBehind(): number {
    const here = this.#at
    this.#at += this.#gapBytes + this.#count
    const behind = this.#at < this.#bytes.length ? this.#varint() : Infinity
    this.#at = here
    return behind
  }

  /** Into both at `to` on; `read` blocks are passed. */
  read(documents: Uint32Array, weights: Uint8Array, to: number): void {
    const bytes = this.#bytes
    let at = this.#at
    let document = this.#first
    documents[to] = document
    for (let n = 1; n < this.#count; n++) {
      let byte = bytes[at++] as number
      let gap = byte & 0x7f
      for (let unit = 0x80; byte >= 0x80; unit *= 0x80) {
        byte = bytes[at++] as number
        gap += (byte & 0x7f) * unit
      }
      document += gap
      documents[to + n] = document
    }
    at = this.#at + this.#gapBytes
    for (let n = 0; n < this.#count; n++) weights[to + n] = bytes[at + n] as number
    this.skip()
  }

  #varint(): number {
    let value = 0
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined || unit > 2 ** 35) throw new RangeError('a number is cut off')
      value += (byte & 0x7f) * unit
      if (byte < 0x80) return value
    }
  }
}

/** How many documents are in a list, by the heads of its blocks. */
export function countPostings(bytes: Uint8Array): number {
  const reader = new PostingsReader(bytes)
  let count = 0
  for (; reader.next(); reader.skip()) count += reader.count
  return count
}
