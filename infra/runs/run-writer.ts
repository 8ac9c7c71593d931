import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { OrreryError } from '#schemas/errors.ts'
import { filterAdd, filterWords, keyHash, probesOf } from './block-filter.ts'
import { encodeTail, Run } from './run-file.ts'
import { blockBytes, blockWords, entriesPerBlock, entryStart, entryWords, type RunLayout } from './run-layout.ts'

/** Blocks that are written at once. */
const bufferBlocks = 64
/** What is not yet on the disk stays below this, so that no sync takes long. */
const syncBytes = 8 * 2 ** 20

/** Ending of a run that is being written. */
export const unfinished = '.new'

/** Writes entries, which come by key, to a run: nothing stands at its path until it is whole and durable. Disposed before `finish`, it leaves nothing. */
export class RunWriter implements Disposable {
  readonly #path: string
  readonly #file: number
  readonly #layout: RunLayout
  readonly #stride: number
  readonly #perBlock: number
  readonly #filterWords: number
  readonly #probes: number
  readonly #buffer = new Uint32Array(bufferBlocks * blockWords)
  #fences: Uint32Array<ArrayBuffer>
  #filters: Uint32Array<ArrayBuffer>
  #entries = 0
  /** Blocks before the buffer. */
  #written = 0
  #unsynced = 0
  #isOpen = true

  /** @param entriesMax at most so many are going to be added @throws OrreryError `store_unavailable` */
  constructor(path: string, layout: RunLayout, entriesMax: number) {
    this.#path = path
    this.#layout = layout
    this.#stride = entryWords(layout)
    this.#perBlock = entriesPerBlock(this.#stride)
    this.#filterWords = filterWords(this.#perBlock, layout.filterBits)
    this.#probes = probesOf(layout.filterBits)
    const blocks = Math.ceil(entriesMax / this.#perBlock)
    this.#fences = new Uint32Array(blocks * layout.keyWords)
    this.#filters = new Uint32Array(blocks * this.#filterWords)
    this.#file = this.#guarded(() => openSync(path + unfinished, 'w+'))
  }

  get entries(): number {
    return this.#entries
  }

  add(words: Uint32Array, from: number): void {
    const block = Math.floor(this.#entries / this.#perBlock)
    const at = this.#entries - block * this.#perBlock
    if (at === 0) this.#begin(block, words, from)
    const start = (block - this.#written) * blockWords + entryStart(at, this.#stride)
    for (let word = 0; word < this.#stride; word++) this.#buffer[start + word] = words[from + word] as number
    const hash = keyHash(words[from] as number, words[from + this.#layout.keyWords - 1] as number)
    filterAdd(this.#filters, block * this.#filterWords, this.#filterWords, this.#probes, hash)
    this.#entries++
  }

  /** Durable under its path when it returns. @throws OrreryError `store_unavailable` */
  finish(): Run {
    const blocks = Math.ceil(this.#entries / this.#perBlock)
    this.#flush(blocks)
    const parts = {
      fences: this.#fences.slice(0, blocks * this.#layout.keyWords),
      filters: trimmed(this.#filters, blocks * this.#filterWords),
      filterWords: this.#filterWords,
      filterBits: this.#layout.filterBits,
      entries: this.#entries,
    }
    this.#guarded(() => {
      let at = blocks * blockBytes
      for (const words of encodeTail(this.#layout, parts)) at += writeAll(this.#file, words, at)
      fsyncSync(this.#file)
      renameSync(this.#path + unfinished, this.#path)
      syncFolder(dirname(this.#path))
    })
    this.#isOpen = false
    return new Run(this.#path, this.#file, this.#layout, parts)
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.#file)
    rmSync(this.#path + unfinished, { force: true })
  }

  #begin(block: number, words: Uint32Array, from: number): void {
    if (block - this.#written === bufferBlocks) this.#flush(block)
    for (let word = 0; word < this.#layout.keyWords; word++) this.#fences[block * this.#layout.keyWords + word] = words[from + word] as number
  }

  /** Writes the blocks of the buffer, which are those up to `block`. */
  #flush(block: number): void {
    const words = (block - this.#written) * blockWords
    for (let start = 0; start < words; start += blockWords) this.#buffer[start] = crc32(this.#buffer.subarray(start + 1, start + blockWords))
    this.#guarded(() => {
      this.#unsynced += writeAll(this.#file, this.#buffer.subarray(0, words), this.#written * blockBytes)
      if (this.#unsynced < syncBytes) return
      fdatasyncSync(this.#file)
      this.#unsynced = 0
    })
    this.#buffer.fill(0)
    this.#written = block
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw new OrreryError(
        'store_unavailable',
        `The run ${this.#path} cannot be written (${String(cause)}); make room on its disk, then try again.`,
        {},
        cause,
      )
    }
  }
}

/** @returns its bytes */
function writeAll(file: number, words: Uint32Array, position: number): number {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, position + at)
  return bytes.length
}

export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** The first words, in memory of their own size, and without a copy beside it. */
const trimmed = (words: Uint32Array<ArrayBuffer>, count: number): Uint32Array => new Uint32Array(words.buffer.transfer(count * 4))
