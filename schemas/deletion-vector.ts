import { crc32 } from 'node:zlib'
import { OrreryError } from './errors.ts'
import { bitmapBytes, bitsIn, chunkRows, decodeRoaring, encodeRoaring, valuesOf } from './roaring-bitmap.ts'

/** No data file has more: 1 GiB of rows of at least 50 bytes (data-universe.ts). */
export const fileRowsMax = 2 ** 25
const magic = 0xd1d33964
/** Length, magic; then the vector; then its checksum. */
const [frontBytes, frameBytes] = [8, 12]

/** Positions of rows of one data file, from 0: those that are gone from it. Immutable; one bit for each row up to the last of them. */
export class DeletedRows implements Iterable<number> {
  static readonly none = new DeletedRows(new Uint32Array(), 0)
  readonly size: number
  readonly #words: Uint32Array

  private constructor(words: Uint32Array, size: number) {
    this.#words = words
    this.size = size
  }

  /** @param words 32 rows each, the first in the least significant bit; they are given away */
  static ofWords(words: Uint32Array): DeletedRows {
    let size = 0
    for (const word of words) size += bitsIn(word)
    return new DeletedRows(words, size)
  }

  /** @throws OrreryError `invalid_argument` for what is no position below 2^25 */
  static of(rows: Iterable<number>): DeletedRows {
    let words = new Uint32Array(32)
    let size = 0
    let last = -1
    for (const row of rows) {
      if (!Number.isInteger(row) || row < 0 || row >= fileRowsMax)
        throw new OrreryError('invalid_argument', `${row} is no position of a row; pass integers of 0..${fileRowsMax - 1}.`, { row })
      if (row >> 5 >= words.length) words = grown(words, row)
      const [word, bit] = [words[row >> 5] as number, 1 << (row & 31)]
      if ((word & bit) === 0) size++
      words[row >> 5] = word | bit
      last = Math.max(last, row)
    }
    return new DeletedRows(words.slice(0, (last >> 5) + 1), size)
  }

  /** As `ofWords` has them; not to be changed. */
  get words(): Uint32Array {
    return this.#words
  }

  has(row: number): boolean {
    return (((this.#words[row >> 5] ?? 0) >>> (row & 31)) & 1) === 1
  }

  union(other: DeletedRows): DeletedRows {
    const [longer, shorter] = this.#words.length < other.#words.length ? [other, this] : [this, other]
    const words = longer.#words.slice()
    for (let n = 0; n < shorter.#words.length; n++) words[n] = (words[n] as number) | (shorter.#words[n] as number)
    return DeletedRows.ofWords(words)
  }

  /** In ascending order. */
  [Symbol.iterator](): Generator<number> {
    return valuesOf(this.#words)
  }
}

function grown(words: Uint32Array<ArrayBuffer>, row: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(2 * words.length, (row >> 5) + 1))
  larger.set(words)
  return larger
}

/** The most bytes that a deletion vector of a file of so many rows takes, whoever made it: no container is larger than a bitmap. */
export const deletionVectorBytesMax = (rows: number): number => 64 + Math.ceil(rows / chunkRows) * (bitmapBytes + 16)

/**
 * The blob `deletion-vector-v1` of Apache Iceberg (puffin-spec.md): length of magic and vector (big-endian), magic D1 D3 39 64, a 64-bit Roaring bitmap in
 * the portable format (roaring-bitmap.ts), CRC-32 of magic and vector (big-endian). Equal rows give equal bytes.
 */
export function encodeDeletionVector(rows: DeletedRows): Uint8Array {
  const vector = rows.size === 0 ? Buffer.alloc(8) : Buffer.concat([upperHalf, encodeRoaring(rows.words)])
  const blob = Buffer.alloc(frameBytes + vector.length)
  blob.writeUInt32BE(4 + vector.length, 0)
  blob.writeUInt32BE(magic, 4)
  blob.set(vector, frontBytes)
  blob.writeUInt32BE(crc32(blob.subarray(4, frontBytes + vector.length)), frontBytes + vector.length)
  return blob
}

/** One 32-bit bitmap, of the rows whose upper 32 bits are 0. */
const upperHalf = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])

/**
 * @param fileRows rows of the file: no position is beyond them
 * @throws OrreryError `invalid_record` for bytes that are no such blob, all of it
 */
export function decodeDeletionVector(bytes: Uint8Array, fileRows: number): DeletedRows {
  if (fileRows > fileRowsMax) throw malformed(`it is of a file of ${fileRows} rows, more than ${fileRowsMax}`)
  if (bytes.length > deletionVectorBytesMax(fileRows)) throw malformed(`it has ${bytes.length} bytes for ${fileRows} rows`)
  try {
    return DeletedRows.ofWords(wordsIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), fileRows))
  } catch (cause) {
    throw malformed(cause instanceof RangeError ? 'it is cut off' : String((cause as Error).message), cause)
  }
}

/** Reads beyond the end are RangeErrors of the Buffer. */
function wordsIn(blob: Buffer, fileRows: number): Uint32Array {
  const vectorBytes = blob.readUInt32BE(0) - 4
  if (vectorBytes !== blob.length - frameBytes) throw new Error(`it claims ${vectorBytes} of ${blob.length} bytes`)
  if (blob.readUInt32BE(4) !== magic) throw new Error('it does not begin as one')
  if (blob.readUInt32BE(frontBytes + vectorBytes) !== crc32(blob.subarray(4, frontBytes + vectorBytes))) throw new Error('its checksum is another')
  const vector = blob.subarray(frontBytes, frontBytes + vectorBytes)
  const bitmaps = vector.readBigUInt64LE(0)
  if (bitmaps === 0n && vector.length === 8) return new Uint32Array()
  if (bitmaps !== 1n || vector.readUInt32LE(8) !== 0) throw new Error('it has rows beyond 2^32')
  return decodeRoaring(vector.subarray(upperHalf.length), fileRows)
}

const malformed = (what: string, cause?: unknown): OrreryError =>
  new OrreryError('invalid_record', `This is no deletion vector: ${what}. Ask its writer for a whole one.`, { what }, cause)
