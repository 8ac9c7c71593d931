import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { OrreryError } from '#schemas/errors.ts'
import { filterHas, keyHash, probesOf } from './block-filter.ts'
import { blockBytes, blockWords, entriesPerBlock, entryStart, entryWords, type RunLayout } from './run-layout.ts'

/**
 * A run: entries by key in blocks, the first key of each block (the fences), a filter of each block, and a tail, in words of this machine:
 * magic, version, keyWords, valueWords, filter words a block, filter bits an entry × 2^16, blocks, entries (low, high), CRC-32 of fences and filters,
 * CRC-32 of the tail up to here. It comes to its name when it is durable: a file that is not whole was damaged.
 */
const magic = 0x4e55524f
const version = 1
const tailWords = 11
const bitsUnit = 2 ** 16
const entriesUnit = 2 ** 32

export interface RunParts {
  /** blocks × keyWords */
  fences: Uint32Array
  /** blocks × filterWords */
  filters: Uint32Array
  filterWords: number
  filterBits: number
  entries: number
}

/** What stands behind the blocks of a run. */
export function encodeTail({ keyWords, valueWords }: RunLayout, { fences, filters, filterWords, filterBits, entries }: RunParts): Uint32Array[] {
  const tail = new Uint32Array(tailWords)
  const crc = crc32(filters, crc32(fences))
  const blocks = fences.length / keyWords
  const bits = Math.round(filterBits * bitsUnit)
  tail.set([magic, version, keyWords, valueWords, filterWords, bits, blocks, entries % entriesUnit, Math.floor(entries / entriesUnit), crc])
  tail[tailWords - 1] = crc32(tail.subarray(0, -1))
  return [fences, filters, tail]
}

/** One block in memory, of whatever run it is. */
export class BlockBuffer {
  readonly words = new Uint32Array(blockWords)
  #run: Run | undefined
  #block = -1

  /** @throws OrreryError `data_unreadable` */
  load(run: Run, block: number): Uint32Array {
    if (this.#run === run && this.#block === block) return this.words
    this.#run = undefined
    run.readBlocks(this.words, block)
    this.#run = run
    this.#block = block
    return this.words
  }
}

/** An immutable run that is open. */
export class Run implements Disposable {
  readonly path: string
  readonly entries: number
  readonly blocks: number
  readonly #file: number
  readonly #keyWords: number
  readonly #words: number
  readonly #perBlock: number
  readonly #fences: Uint32Array
  readonly #filters: Uint32Array
  readonly #filterWords: number
  readonly #probes: number

  constructor(path: string, file: number, layout: RunLayout, parts: RunParts) {
    this.path = path
    this.#file = file
    this.entries = parts.entries
    this.#keyWords = layout.keyWords
    this.#words = entryWords(layout)
    this.#perBlock = entriesPerBlock(this.#words)
    this.#fences = parts.fences
    this.#filters = parts.filters
    this.#filterWords = parts.filterWords
    this.#probes = probesOf(parts.filterBits)
    this.blocks = parts.fences.length / layout.keyWords
  }

  get memoryBytes(): number {
    return this.#fences.byteLength + this.#filters.byteLength
  }

  get diskBytes(): number {
    return this.blocks * blockBytes + this.memoryBytes + tailWords * 4
  }

  entriesIn(block: number): number {
    return block === this.blocks - 1 ? this.entries - block * this.#perBlock : this.#perBlock
  }

  /** Fills the words with whole blocks. @throws OrreryError `data_unreadable` */
  readBlocks(words: Uint32Array, block: number): void {
    readExactly(this.path, this.#file, words, block * blockBytes)
    for (let start = 0; start < words.length; start += blockWords) {
      if (crc32(words.subarray(start + 1, start + blockWords)) !== words[start]) throw unreadable(this.path, `block ${block + start / blockWords} is damaged`)
    }
  }

  /**
   * The last block that begins before the key, where the first entry of the key stands if it is anywhere; or the block after it, when it begins with it.
   * @param from a block that is known to begin before the key, or 0
   */
  blockBefore(high: number, low: number, from: number): number {
    let step = 1
    let start = from
    while (start + step < this.blocks && this.#beginsBefore(start + step, high, low)) {
      start += step
      step *= 2
    }
    let end = Math.min(this.blocks, start + step)
    while (end - start > 1) {
      const middle = (start + end) >>> 1
      if (this.#beginsBefore(middle, high, low)) start = middle
      else end = middle
    }
    return start
  }

  /** Calls with each entry of a key, as (words of its block, where it begins there), until it returns true. @returns whether it did */
  find(high: number, low: number, from: number, buffer: BlockBuffer, found: (words: Uint32Array, start: number) => boolean): boolean {
    const hash = keyHash(high, low)
    for (let block = from; block < this.blocks; block++) {
      if (block > from && !this.#beginsUpTo(block, high, low)) return false
      if (!filterHas(this.#filters, block * this.#filterWords, this.#filterWords, this.#probes, hash)) continue
      const words = buffer.load(this, block)
      const count = this.entriesIn(block)
      for (let at = this.#lowerBound(words, count, high, low); at < count; at++) {
        const start = entryStart(at, this.#words)
        if (words[start] !== high || words[start + this.#keyWords - 1] !== low) return false
        if (found(words, start)) return true
      }
    }
    return false
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }

  #lowerBound(words: Uint32Array, count: number, high: number, low: number): number {
    let [start, end] = [0, count]
    while (start < end) {
      const middle = (start + end) >>> 1
      const at = entryStart(middle, this.#words)
      const first = words[at] as number
      if (first < high || (first === high && (words[at + this.#keyWords - 1] as number) < low)) start = middle + 1
      else end = middle
    }
    return start
  }

  #beginsBefore(block: number, high: number, low: number): boolean {
    const at = block * this.#keyWords
    const first = this.#fences[at] as number
    return first < high || (first === high && (this.#fences[at + this.#keyWords - 1] as number) < low)
  }

  #beginsUpTo(block: number, high: number, low: number): boolean {
    const at = block * this.#keyWords
    const first = this.#fences[at] as number
    return first < high || (first === high && (this.#fences[at + this.#keyWords - 1] as number) <= low)
  }
}

/** @throws OrreryError `data_unreadable` for a file that is missing, damaged, or of another layout */
export function openRun(path: string, layout: RunLayout): Run {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    throw unreadable(path, String(cause))
  }
  try {
    return new Run(path, file, layout, readTail(path, file, layout))
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function readTail(path: string, file: number, layout: RunLayout): RunParts {
  const { size } = fstatSync(file)
  const tail = new Uint32Array(tailWords)
  if (size < tail.byteLength) throw unreadable(path, 'it is no run')
  readExactly(path, file, tail, size - tail.byteLength)
  const [isMagic, isVersion, keyWords, valueWords, filterWords = 0, bits = 0, blocks = 0, entriesLow = 0, entriesHigh = 0, crc] = tail
  if (isMagic !== magic || isVersion !== version || tail[tailWords - 1] !== crc32(tail.subarray(0, -1)))
    throw unreadable(path, 'it is no run, or its end is damaged')
  if (keyWords !== layout.keyWords || valueWords !== layout.valueWords) throw unreadable(path, `its entries have ${keyWords} + ${valueWords} words`)
  const entries = entriesHigh * entriesUnit + entriesLow
  const words = blocks * (keyWords + filterWords)
  if (size !== blocks * blockBytes + words * 4 + tail.byteLength) throw unreadable(path, `it has ${size} bytes, which is not what its ${blocks} blocks take`)
  const fences = new Uint32Array(blocks * keyWords)
  const filters = new Uint32Array(blocks * filterWords)
  readExactly(path, file, fences, blocks * blockBytes)
  readExactly(path, file, filters, blocks * blockBytes + fences.byteLength)
  if (crc32(filters, crc32(fences)) !== crc) throw unreadable(path, 'its filters are damaged')
  return { fences, filters, filterWords, filterBits: bits / bitsUnit, entries }
}

function readExactly(path: string, file: number, words: Uint32Array, position: number): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  try {
    for (let at = 0; at < bytes.length;) {
      const read = readSync(file, bytes, at, bytes.length - at, position + at)
      if (read === 0) throw unreadable(path, `it ends at byte ${position + at}`)
      at += read
    }
  } catch (cause) {
    if (cause instanceof OrreryError) throw cause
    throw unreadable(path, String(cause))
  }
}

const unreadable = (path: string, what: string): OrreryError =>
  new OrreryError('data_unreadable', `The run ${path} cannot be read: ${what}. Remove the folder of its index; it is made again from the data files.`, {
    path,
    why: what,
  })
