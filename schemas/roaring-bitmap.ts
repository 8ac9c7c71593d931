/** Rows of one container. */
export const chunkRows = 2 ** 16
const chunkWords = chunkRows / 32
export const bitmapBytes = chunkRows / 8
/** Kinds of bitmaps, by their first number. */
const [plainCookie, runCookie] = [12_346, 12_347]
/** The most values that are listed one by one. */
const arrayMax = 4096
/** With runs, places are told only from so many containers on. */
const offsetsFrom = 4

/** The rows of one chunk, by their lower 16 bits. */
interface Container {
  /** Their upper bits. */
  key: number
  rows: number
  isRuns: boolean
}

/**
 * A 32-bit bitmap in Roaring's portable format (RoaringFormatSpec). Equal rows give equal bytes: each container takes its smallest form.
 * @param words 32 rows each, the first in the least significant bit
 */
export function encodeRoaring(words: Uint32Array): Uint8Array {
  const containers: (Container & { body: Buffer })[] = []
  for (let key = 0; key * chunkWords < words.length; key++) {
    const container = encodeContainer(key, words.subarray(key * chunkWords, (key + 1) * chunkWords))
    if (container) containers.push(container)
  }
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

function encodeContainer(key: number, words: Uint32Array): (Container & { body: Buffer }) | undefined {
  const [rows, runs] = measure(words)
  if (rows === 0) return undefined
  const isRuns = 2 + 4 * runs < Math.min(2 * rows, bitmapBytes)
  const body = isRuns ? numbers16([runs, ...runsOf(words)]) : rows > arrayMax ? bitmap(words) : numbers16([...valuesOf(words)])
  return { key, rows, isRuns, body }
}

/** How many rows there are, and how many runs they form. */
function measure(words: Uint32Array): [number, number] {
  let [rows, runs, last] = [0, 0, 0]
  for (const word of words) {
    rows += bitsIn(word)
    runs += bitsIn(word & ~((word << 1) | last))
    last = word >>> 31
  }
  return [rows, runs]
}

export function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Places of the bits that are set, ascending. */
export function* valuesOf(words: Uint32Array): Generator<number> {
  for (let n = 0; n < words.length; n++) for (let word = words[n] as number; word !== 0; word &= word - 1) yield 32 * n + 31 - Math.clz32(word & -word)
}

/** First value and length − 1 of each run. */
function runsOf(words: Uint32Array): number[] {
  const starts = new Uint32Array(words.length)
  const ends = new Uint32Array(words.length)
  for (let n = 0; n < words.length; n++) {
    const word = words[n] as number
    starts[n] = word & ~((word << 1) | ((words[n - 1] ?? 0) >>> 31))
    ends[n] = word & ~((word >>> 1) | ((words[n + 1] ?? 0) << 31))
  }
  const last = valuesOf(ends)
  return [...valuesOf(starts)].flatMap((first) => [first, (last.next().value as number) - first])
}

function numbers16(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length)
  numbers.forEach((number, n) => bytes.writeUInt16LE(number, 2 * n))
  return bytes
}

function bitmap(words: Uint32Array): Buffer {
  const bytes = Buffer.alloc(bitmapBytes)
  words.forEach((word, n) => bytes.writeUInt32LE(word, 4 * n))
  return bytes
}

/**
 * @param rows all positions are below
 * @returns the words, and no more of them than such positions need
 * @throws Error for bytes that are no such bitmap, all of it, in ascending order; RangeError where they end too early
 */
export function decodeRoaring(bytes: Buffer, rows: number): Uint32Array {
  const words = new Uint32Array(Math.ceil(rows / 32))
  const { containers, bodiesAt } = readContainers(bytes, Math.ceil(rows / chunkRows))
  let at = bodiesAt
  let lastKey = -1
  for (const container of containers) {
    if (container.key <= lastKey) throw new Error('its containers are not in order')
    lastKey = container.key
    at += readContainer(bytes, at, container, { words, rows: rows - container.key * chunkRows })
  }
  if (at !== bytes.length) throw new Error('something stands behind its end')
  return words
}

function readContainers(bytes: Buffer, most: number): { containers: Container[]; bodiesAt: number } {
  const hasRuns = bytes.readUInt16LE(0) === runCookie
  if (!hasRuns && bytes.readUInt32LE(0) !== plainCookie) throw new Error('it is no Roaring bitmap')
  const count = hasRuns ? bytes.readUInt16LE(2) + 1 : bytes.readUInt32LE(4)
  if (count > most) throw new Error(`it has ${count} containers where ${most} are enough`)
  const flagsAt = hasRuns ? 4 : 8
  const describedAt = flagsAt + (hasRuns ? Math.ceil(count / 8) : 0)
  const containers = Array.from({ length: count }, (_, n): Container => {
    const isRuns = hasRuns && ((bytes.readUInt8(flagsAt + (n >> 3)) >> (n & 7)) & 1) === 1
    return { key: bytes.readUInt16LE(describedAt + 4 * n), rows: bytes.readUInt16LE(describedAt + 4 * n + 2) + 1, isRuns }
  })
  return { containers, bodiesAt: describedAt + 4 * count + (!hasRuns || count >= offsetsFrom ? 4 * count : 0) }
}

/** The words of all rows, of which those of the container are set; and how many rows there may be from its first on. */
interface Target {
  words: Uint32Array
  rows: number
}

/** @returns bytes that it takes */
function readContainer(bytes: Buffer, at: number, { key, rows, isRuns }: Container, { words, rows: rowsMax }: Target): number {
  const own = words.subarray(key * chunkWords, (key + 1) * chunkWords)
  const [seen, length] = isRuns
    ? readRuns(bytes, at, own, rowsMax)
    : rows > arrayMax
      ? readBitmap(bytes, at, own, rowsMax)
      : readArray(bytes, at, own, { rows, rowsMax })
  if (seen !== rows) throw new Error(`a container has ${seen} rows, not ${rows}`)
  return length
}

function readArray(bytes: Buffer, at: number, words: Uint32Array, { rows, rowsMax }: { rows: number; rowsMax: number }): [number, number] {
  let last = -1
  for (let n = 0; n < rows; n++) {
    const value = bytes.readUInt16LE(at + 2 * n)
    if (value <= last || value >= rowsMax) throw outOfPlace(value)
    words[value >> 5] = (words[value >> 5] as number) | (1 << (value & 31))
    last = value
  }
  return [rows, 2 * rows]
}

function readBitmap(bytes: Buffer, at: number, words: Uint32Array, rowsMax: number): [number, number] {
  let rows = 0
  for (let n = 0; n < chunkWords; n++) {
    const word = bytes.readUInt32LE(at + 4 * n)
    if (word === 0) continue
    const last = 32 * n + 31 - Math.clz32(word)
    if (last >= rowsMax) throw outOfPlace(last)
    words[n] = word
    rows += bitsIn(word)
  }
  return [rows, bitmapBytes]
}

function readRuns(bytes: Buffer, at: number, words: Uint32Array, rowsMax: number): [number, number] {
  const runs = bytes.readUInt16LE(at)
  let [rows, next] = [0, 0]
  for (let n = 0; n < runs; n++) {
    const first = bytes.readUInt16LE(at + 2 + 4 * n)
    const end = first + bytes.readUInt16LE(at + 4 + 4 * n) + 1
    if (first < next || end > Math.min(chunkRows, rowsMax)) throw outOfPlace(first)
    for (let value = first; value < end; value++) words[value >> 5] = (words[value >> 5] as number) | (1 << (value & 31))
    rows += end - first
    next = end
  }
  return [rows, 2 + 4 * runs]
}

const outOfPlace = (row: number): Error => new Error(`it has the row ${row} out of its place, or beyond the file`)
