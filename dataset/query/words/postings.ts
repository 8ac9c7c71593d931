import { bitOf, countBits, wordRows } from './bits.ts'

/**
 * Where a word stands: documents by rising numbers, with what it weighs in each (0..255). Bytes of blocks, each readable by itself, so that lists are joined by putting one behind the other:
 *
 *   sparse: varint first · u8 count − 1 (below 128) · [varint bytes of the gaps · gaps as varints] · weights, a byte each
 *   dense:  varint first · u8 128 · u16 count (little-endian) · 1,024 bits, of the documents from the last multiple of 1,024 up to `first` on · weights, a byte each
 *
 * The part in brackets only where there is more than one. Of 1,024 numbers that a list has 128 of, bits take no more room than gaps, and are read thirty-two at a time.
 */
const sparseMax = 128
const denseMin = 128
/** Numbers that a dense block is of. */
export const blockRows = 1024
const blockWords = blockRows / wordRows
const [denseMark, denseHeadBytes] = [0x80, 2 + blockRows / 8]

/** @param documents rising @returns no longer than what it says */
export function encodePostings(documents: ArrayLike<number>, weights: ArrayLike<number>): Uint8Array {
  const out = new PostingsBytes(documents, weights)
  let sparseFrom = 0
  for (let from = 0; from < documents.length;) {
    const base = baseOf(documents[from] as number)
    let end = from + 1
    while (end < documents.length && (documents[end] as number) - base < blockRows) end++
    if (end - from >= denseMin) {
      out.putSparse(sparseFrom, from)
      out.putDense(from, end)
      sparseFrom = end
    }
    from = end
  }
  out.putSparse(sparseFrom, documents.length)
  return out.taken()
}

const baseOf = (document: number): number => document - (document % blockRows)

class PostingsBytes {
  readonly #documents: ArrayLike<number>
  readonly #weights: ArrayLike<number>
  readonly #out: Uint8Array
  #at = 0

  constructor(documents: ArrayLike<number>, weights: ArrayLike<number>) {
    this.#documents = documents
    this.#weights = weights
    this.#out = new Uint8Array(documents.length * 6 + Math.ceil(documents.length / sparseMax) * (denseHeadBytes + 10) + 10)
  }

  putSparse(begin: number, last: number): void {
    const documents = this.#documents
    for (let from = begin; from < last;) {
      const end = Math.min(last, from + sparseMax)
      this.#put(documents[from] as number)
      this.#out[this.#at++] = end - from - 1
      if (end - from > 1) {
        let gapBytes = 0
        for (let n = from + 1; n < end; n++) gapBytes += varintBytes((documents[n] as number) - (documents[n - 1] as number))
        this.#put(gapBytes)
        for (let n = from + 1; n < end; n++) this.#put((documents[n] as number) - (documents[n - 1] as number))
      }
      this.#putWeights(from, end)
      from = end
    }
  }

  putDense(from: number, end: number): void {
    const first = this.#documents[from] as number
    const base = baseOf(first)
    this.#put(first)
    this.#out[this.#at++] = denseMark
    this.#out[this.#at++] = (end - from) & 0xff
    this.#out[this.#at++] = (end - from) >> 8
    for (let n = from; n < end; n++) {
      const offset = (this.#documents[n] as number) - base
      this.#out[this.#at + (offset >> 3)] = (this.#out[this.#at + (offset >> 3)] as number) | (1 << (offset & 7))
    }
    this.#at += blockRows / 8
    this.#putWeights(from, end)
  }

  #putWeights(from: number, end: number): void {
    for (let n = from; n < end; n++) this.#out[this.#at++] = this.#weights[n] as number
  }

  #put(value: number): void {
    let left = value
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#out[this.#at++] = (left % 0x80) | 0x80
    this.#out[this.#at++] = left
  }

  taken(): Uint8Array {
    return this.#out.slice(0, this.#at)
  }
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) bytes++
  return bytes
}

/** A list that is read from its beginning to its end, block by block: `next` goes to one, `skip` passes it. */
export class PostingsReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  #first = 0
  #count = 0
  /** Of a dense block undefined. */
  #gapBytes: number | undefined = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Goes on to the next block, unread. @returns whether there is one @throws RangeError for what is no list */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false
    this.#first = this.#varint()
    const kind = this.#bytes[this.#at++] as number
    if (kind === denseMark) {
      if (this.#at + denseHeadBytes > this.#bytes.length) throw new RangeError('a block is cut off')
      this.#count = this.#view.getUint16(this.#at, true)
      this.#gapBytes = undefined
      this.#at += 2
    } else {
      this.#count = kind + 1
      this.#gapBytes = this.#count > 1 ? this.#varint() : 0
    }
    if (this.#count > (this.#gapBytes === undefined ? blockRows : sparseMax) || this.#end > this.#bytes.length) throw new RangeError('a block is cut off')
    return true
  }

  /** Its first document. */
  get first(): number {
    return this.#first
  }

  get count(): number {
    return this.#count
  }

  get #weightsAt(): number {
    return this.#at + (this.#gapBytes ?? blockRows / 8)
  }

  get #end(): number {
    return this.#weightsAt + this.#count
  }

  skip(): void {
    this.#at = this.#end
  }

  /** The first document behind this block; Infinity at the end. */
  get firstBehind(): number {
    const here = this.#at
    this.#at = this.#end
    const behind = this.#at < this.#bytes.length ? this.#varint() : Infinity
    this.#at = here
    return behind
  }

  /** Sets the bit of each document of the block; those beyond the last bit are none. */
  mark(bits: Uint32Array): void {
    if (this.#gapBytes !== undefined) {
      this.#eachSparse((document) => {
        if (document < bits.length * wordRows) bits[document >>> 5] = (bits[document >>> 5] as number) | bitOf(document)
      })
      return
    }
    const from = baseOf(this.#first) / wordRows
    const words = Math.min(blockWords, bits.length - from)
    for (let n = 0; n < words; n++) bits[from + n] = (bits[from + n] as number) | this.#view.getUint32(this.#at + 4 * n, true)
  }

  #eachSparse(visit: (document: number, n: number) => void): void {
    const bytes = this.#bytes
    let at = this.#at
    let document = this.#first
    visit(document, 0)
    for (let n = 1; n < this.#count; n++) {
      let byte = bytes[at++] as number
      let gap = byte & 0x7f
      for (let unit = 0x80; byte >= 0x80; unit *= 0x80) {
        byte = bytes[at++] as number
        gap += (byte & 0x7f) * unit
      }
      visit((document += gap), n)
    }
  }

  /** What it says of the block, into `dense` or `sparse`. @returns the one it is in */
  open(dense: DenseBlock, sparse: SparseBlock): DenseBlock | SparseBlock {
    const at = this.#weightsAt
    if (this.#gapBytes === undefined) {
      dense.take(this.#view, this.#at, baseOf(this.#first), { bytes: this.#bytes, at })
      return dense
    }
    sparse.take({ bytes: this.#bytes, at })
    this.#eachSparse((document, n) => sparse.put(n, document))
    return sparse
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

interface Weights {
  bytes: Uint8Array
  at: number
}

/** An open block, asked for the weights of its documents by rising numbers. Made once for all blocks of a list: there are thousands. */
class SparseBlock {
  readonly #documents = new Uint32Array(sparseMax)
  #weights: Weights = { bytes: new Uint8Array(), at: 0 }
  #at = 0

  take(weights: Weights): void {
    this.#weights = weights
    this.#at = 0
  }

  put(n: number, document: number): void {
    this.#documents[n] = document
  }

  weightOf(document: number): number {
    while (this.#at < sparseMax - 1 && (this.#documents[this.#at] as number) < document) this.#at++
    return this.#weights.bytes[this.#weights.at + this.#at] as number
  }
}

class DenseBlock {
  #base = 0
  #weights: Weights = { bytes: new Uint8Array(), at: 0 }
  readonly #words = new Uint32Array(blockWords)
  /** How many documents stand before each word. */
  readonly #before = new Uint16Array(blockWords)

  take(view: DataView, at: number, base: number, weights: Weights): void {
    this.#base = base
    this.#weights = weights
    for (let n = 0, before = 0; n < blockWords; n++) {
      const word = view.getUint32(at + 4 * n, true)
      this.#words[n] = word
      this.#before[n] = before
      before += countBits(word)
    }
  }

  weightOf(document: number): number {
    const offset = document - this.#base
    const word = offset >>> 5
    const before = (this.#before[word] as number) + countBits((this.#words[word] as number) & (bitOf(offset) - 1))
    return this.#weights.bytes[this.#weights.at + before] as number
  }
}

/** How many documents are in a list, by the heads of its blocks. */
export function countPostings(bytes: Uint8Array): number {
  const reader = new PostingsReader(bytes)
  let count = 0
  for (; reader.next(); reader.skip()) count += reader.count
  return count
}

/** What a word weighs in documents that it stands in. */
export class PostingWeights {
  readonly #parts: readonly Uint8Array[]
  #next = 0
  #reader: PostingsReader | undefined
  readonly #dense = new DenseBlock()
  readonly #sparse = new SparseBlock()
  /** The one it is at, once it is looked into. */
  #block: DenseBlock | SparseBlock | undefined
  /** The first document that is not in the block it is at. */
  #behind = 0

  /** @param parts lists without a document in common, none empty, in the order of their documents */
  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts
  }

  /** @param document one that is in the list, and not before the one asked last */
  of(document: number): number {
    while (document >= this.#behind) this.#advance()
    this.#block ??= (this.#reader as PostingsReader).open(this.#dense, this.#sparse)
    return this.#block.weightOf(document)
  }

  #advance(): void {
    this.#reader?.skip()
    if (!this.#reader?.next()) {
      const part = this.#parts[this.#next++]
      if (!part) throw new RangeError('a document is in no list')
      this.#reader = new PostingsReader(part)
      this.#reader.next()
    }
    this.#block = undefined
    const { firstBehind } = this.#reader
    this.#behind = firstBehind < Infinity ? firstBehind : firstPosting(this.#parts[this.#next])
  }
}

/** The first document of a list; Infinity of none. */
export function firstPosting(part: Uint8Array | undefined): number {
  const reader = new PostingsReader(part ?? new Uint8Array())
  return reader.next() ? reader.first : Infinity
}
