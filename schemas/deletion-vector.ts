import { crc32 } from 'node:zlib'
import { OrreryError } from './errors.ts'

/** No data file has more: 1 GiB of rows of at least 50 bytes (data-universe.ts). */
export const fileRowsMax = 2 ** 25
const magic = 0xd1d33964
/** Length, magic; then the vector; then its checksum. */
const [frontBytes, frameBytes] = [8, 12]
/** Kinds of 32-bit bitmaps, by their first number. */
const [plainCookie, runCookie] = [12_346, 12_347]
const chunkRows = 2 ** 16
/** The most values that are listed one by one. */
const arrayMax = 4096
const bitmapBytes = chunkRows / 8
/** With runs, places are told only from so many containers on. */
const offsetsFrom = 4

/** Positions of rows of one data file, from 0: those that are gone from it. Immutable; one bit for each row up to the last of them. */
export class DeletedRows implements Iterable<number> {
  static readonly none = new DeletedRows(new Uint32Array(), 0)
  readonly size: number
  readonly #words: Uint32Array

  private constructor(words: Uint32Array, size: number) {
    this.#words = words
    this.size = size
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

  has(row: number): boolean {
    return (((this.#words[row >> 5] ?? 0) >>> (row & 31)) & 1) === 1
  }

  union(other: DeletedRows): DeletedRows {
    const [longer, shorter] = this.#words.length < other.#words.length ? [other, this] : [this, other]
    const words = longer.#words.slice()
    shorter.#words.forEach((word, n) => (words[n] = (words[n] as number) | word))
    return new DeletedRows(
      words,
      words.reduce((sum, word) => sum + bitsIn(word), 0),
    )
  }

  /** In ascending order. */
  *[Symbol.iterator](): Generator<number> {
    for (let n = 0; n < this.#words.length; n++)
      for (let word = this.#words[n] as number; word !== 0; word &= word - 1) yield 32 * n + 31 - Math.clz32(word & -word)
  }
}

function grown(words: Uint32Array<ArrayBuffer>, row: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(2 * words.length, (row >> 5) + 1))
  larger.set(words)
  return larger
}

function bitsIn(word: number): number {
  let pairs = word - ((word >>> 1) & 0x55555555)
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** The most bytes that a deletion vector of a file of so many rows takes, however it was made. */
export const deletionVectorBytesMax = (rows: number): number => 64 + Math.ceil(rows / chunkRows) * (2 ** 17 + 32)

/**
 * The blob `deletion-vector-v1` of Apache Iceberg (puffin-spec.md): length of magic and vector (big-endian), magic D1 D3 39 64, a 64-bit Roaring bitmap in
 * the portable format (RoaringFormatSpec), CRC-32 of magic and vector (big-endian). Equal rows give equal bytes: each container takes its smallest form.
 */
export function encodeDeletionVector(rows: DeletedRows): Uint8Array {
  const containers = containersOf(rows)
  const vector = containers.length === 0 ? Buffer.alloc(8) : Buffer.concat([highParts, bitmap32(containers)])
  const blob = Buffer.alloc(frameBytes + vector.length)
  blob.writeUInt32BE(4 + vector.length, 0)
  blob.writeUInt32BE(magic, 4)
  blob.set(vector, frontBytes)
  blob.writeUInt32BE(crc32(blob.subarray(4, frontBytes + vector.length)), frontBytes + vector.length)
  return blob
}

/** One 32-bit bitmap, of the rows whose upper 32 bits are 0. */
const highParts = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])

/** The rows of one chunk of 65,536, by their lower 16 bits. */
interface Container {
  /** Their upper bits. */
  key: number
  rows: number
  isRuns: boolean
  body: Buffer
}

function containersOf(rows: DeletedRows): Container[] {
  const containers: Container[] = []
  let values: number[] = []
  let key = 0
  const finish = () => {
    if (values.length > 0) containers.push(containerOf(key, Uint16Array.from(values)))
    values = []
  }
  for (const row of rows) {
    if (row >>> 16 !== key) finish()
    key = row >>> 16
    values.push(row & 0xffff)
  }
  finish()
  return containers
}

function containerOf(key: number, values: Uint16Array): Container {
  const runs = runsOf(values)
  const isRuns = 2 + 2 * runs.length < Math.min(2 * values.length, bitmapBytes)
  const body = isRuns ? numbers16([runs.length / 2, ...runs]) : values.length > arrayMax ? bitmap(values) : numbers16(values)
  return { key, rows: values.length, isRuns, body }
}

/** First value and length − 1 of each run. */
function runsOf(values: Uint16Array): number[] {
  const runs: number[] = []
  let next = -1
  for (const value of values) {
    if (value === next) runs[runs.length - 1] = (runs.at(-1) as number) + 1
    else runs.push(value, 0)
    next = value + 1
  }
  return runs
}

function numbers16(numbers: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length)
  for (let n = 0; n < numbers.length; n++) bytes.writeUInt16LE(numbers[n] as number, 2 * n)
  return bytes
}

function bitmap(values: Uint16Array): Buffer {
  const bytes = Buffer.alloc(bitmapBytes)
  for (const value of values) bytes[value >> 3] = (bytes[value >> 3] as number) | (1 << (value & 7))
  return bytes
}

function bitmap32(containers: readonly Container[]): Buffer {
  const hasRuns = containers.some(({ isRuns }) => isRuns)
  const head = hasRuns ? numbers16([runCookie, containers.length - 1]) : numbers16([plainCookie, 0, containers.length, 0])
  const flags = Buffer.alloc(hasRuns ? Math.ceil(containers.length / 8) : 0)
  if (hasRuns) containers.forEach(({ isRuns }, n) => (flags[n >> 3] = (flags[n >> 3] as number) | (Number(isRuns) << (n & 7))))
  const described = numbers16(containers.flatMap(({ key, rows }) => [key, rows - 1]))
  const hasOffsets = !hasRuns || containers.length >= offsetsFrom
  const offsets = Buffer.alloc(hasOffsets ? 4 * containers.length : 0)
  let at = head.length + flags.length + described.length + offsets.length
  containers.forEach(({ body }, n) => {
    if (hasOffsets) offsets.writeUInt32LE(at, 4 * n)
    at += body.length
  })
  return Buffer.concat([head, flags, described, offsets, ...containers.map(({ body }) => body)])
}

/**
 * @param fileRows rows of the file: no position is beyond them
 * @throws OrreryError `invalid_record` for bytes that are no such blob, all of it, in its one order
 */
export function decodeDeletionVector(blob: Uint8Array, fileRows: number): DeletedRows {
  if (blob.length > deletionVectorBytesMax(fileRows)) throw malformed(`it has ${blob.length} bytes for ${fileRows} rows`)
  try {
    return DeletedRows.of(positionsIn(Buffer.from(blob.buffer, blob.byteOffset, blob.length), fileRows))
  } catch (cause) {
    throw cause instanceof OrreryError ? cause : malformed('it is cut off', cause)
  }
}

/** Reads beyond the end are RangeErrors of the Buffer. */
function* positionsIn(blob: Buffer, fileRows: number): Generator<number> {
  const vectorBytes = blob.readUInt32BE(0) - 4
  if (vectorBytes !== blob.length - frameBytes) throw malformed(`it claims ${vectorBytes} of ${blob.length} bytes`)
  if (blob.readUInt32BE(4) !== magic) throw malformed('it does not begin as one')
  if (blob.readUInt32BE(frontBytes + vectorBytes) !== crc32(blob.subarray(4, frontBytes + vectorBytes))) throw malformed('its checksum is another')
  const vector = blob.subarray(frontBytes, frontBytes + vectorBytes)
  const bitmaps = vector.readBigUInt64LE(0)
  if (bitmaps === 0n && vector.length === 8) return
  if (bitmaps !== 1n || vector.readUInt32LE(8) !== 0) throw malformed('it has rows beyond 2^32')
  yield* rowsOf(vector.subarray(highParts.length), fileRows)
}

function* rowsOf(vector: Buffer, fileRows: number): Generator<number> {
  const { containers, bodiesAt } = readContainers(vector)
  let at = bodiesAt
  let last = -1
  for (const { key, rows, isRuns } of containers) {
    const form = isRuns ? runs : rows > arrayMax ? bits : list
    const bodyBytes = isRuns ? 2 + 4 * vector.readUInt16LE(at) : rows > arrayMax ? bitmapBytes : 2 * rows
    const body = vector.subarray(at, at + bodyBytes)
    let seen = 0
    for (const value of form(body)) {
      const row = key * chunkRows + value
      if (row <= last || row >= fileRows) throw malformed(`it has the row ${row} behind ${last}, of ${fileRows}`)
      yield (last = row)
      seen++
    }
    if (seen !== rows || body.length !== bodyBytes) throw malformed(`a container has ${seen} rows, not ${rows}`)
    at += bodyBytes
  }
  if (at !== vector.length) throw malformed('something stands behind its end')
}

type Described = Omit<Container, 'body'>

function readContainers(vector: Buffer): { containers: Described[]; bodiesAt: number } {
  const hasRuns = vector.readUInt16LE(0) === runCookie
  if (!hasRuns && vector.readUInt32LE(0) !== plainCookie) throw malformed('it is no Roaring bitmap')
  const count = hasRuns ? vector.readUInt16LE(2) + 1 : vector.readUInt32LE(4)
  const flagsAt = hasRuns ? 4 : 8
  const describedAt = flagsAt + (hasRuns ? Math.ceil(count / 8) : 0)
  const offsetsAt = describedAt + 4 * count
  // A container more than the bytes hold is a read beyond their end.
  const containers = Array.from({ length: Math.min(count, vector.length) }, (_, n): Described => {
    const isRuns = hasRuns && ((vector.readUInt8(flagsAt + (n >> 3)) >> (n & 7)) & 1) === 1
    return { key: vector.readUInt16LE(describedAt + 4 * n), rows: vector.readUInt16LE(describedAt + 4 * n + 2) + 1, isRuns }
  })
  return { containers, bodiesAt: offsetsAt + (!hasRuns || count >= offsetsFrom ? 4 * count : 0) }
}

function* list(body: Buffer): Generator<number> {
  for (let at = 0; at < body.length; at += 2) yield body.readUInt16LE(at)
}

function* bits(body: Buffer): Generator<number> {
  for (let value = 0; value < 8 * body.length; value++) if (((body[value >> 3] as number) >> (value & 7)) & 1) yield value
}

function* runs(body: Buffer): Generator<number> {
  for (let at = 2; at < body.length; at += 4) {
    const first = body.readUInt16LE(at)
    for (let n = 0; n <= body.readUInt16LE(at + 2); n++) yield first + n
  }
}

const malformed = (what: string, cause?: unknown): OrreryError =>
  new OrreryError('invalid_record', `This is no deletion vector: ${what}. Ask its writer for a whole one.`, { what }, cause)
