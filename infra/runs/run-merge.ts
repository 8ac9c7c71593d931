import { blockWords, entryStart, entryWords, type RunLayout } from './run-layout.ts'
import type { Run } from './run-file.ts'
import type { RunWriter } from './run-writer.ts'

/** Read at once of each run. */
const bufferBlocks = 16

/** Entries of one run in order. */
class Cursor {
  readonly #run: Run
  readonly #stride: number
  readonly words: Uint32Array
  #block = -1
  #loaded = 0
  #left = 0
  /** Where the entry begins in `words`. */
  start = 0

  constructor(run: Run, stride: number) {
    this.#run = run
    this.#stride = stride
    this.words = new Uint32Array(Math.min(bufferBlocks, run.blocks) * blockWords)
  }

  /** False at the end. */
  next(): boolean {
    if (this.#left > 1) {
      this.#left--
      this.start += this.#stride
      return true
    }
    if (++this.#block >= this.#run.blocks) return false
    if (this.#block >= this.#loaded) {
      const blocks = Math.min(bufferBlocks, this.#run.blocks - this.#block)
      this.#run.readBlocks(this.words.subarray(0, blocks * blockWords), this.#block)
      this.#loaded = this.#block + blocks
    }
    this.#left = this.#run.entriesIn(this.#block)
    this.start = (this.#block % bufferBlocks) * blockWords + entryStart(0, this.#stride)
    return true
  }
}

/** Entries of several runs by key, those of a key oldest first, combined and kept as the layout says: the heads of all runs are compared for each. */
export class EntryMerge {
  readonly #layout: RunLayout
  readonly #stride: number
  readonly #cursors: Cursor[]
  readonly #high: Uint32Array
  readonly #low: Uint32Array
  /** The entry that is held back until another key comes, and the one that is combined with it. */
  #held: Uint32Array
  #next: Uint32Array
  #isHeld = false

  /** @param runs oldest first */
  constructor(runs: readonly Run[], layout: RunLayout) {
    this.#layout = layout
    this.#stride = entryWords(layout)
    this.#cursors = runs.map((run) => new Cursor(run, this.#stride))
    this.#high = new Uint32Array(runs.length)
    this.#low = new Uint32Array(runs.length)
    this.#held = new Uint32Array(this.#stride)
    this.#next = new Uint32Array(this.#stride)
    for (let at = this.#cursors.length - 1; at >= 0; at--) this.#advance(at)
  }

  /** Moves so many entries on. @returns whether there are more @throws OrreryError `data_unreadable`, `store_unavailable` */
  step(entries: number, into: RunWriter): boolean {
    for (let moved = 0; moved < entries; moved++) {
      const least = this.#least()
      const cursor = this.#cursors[least]
      if (!cursor) {
        this.#release(into)
        return false
      }
      this.#take(cursor, into)
      this.#advance(least)
    }
    return true
  }

  /** The oldest of the runs whose next key is the least. */
  #least(): number {
    const count = this.#cursors.length
    let least = 0
    let high = this.#high[0] as number
    for (let at = 1; at < count; at++) {
      const other = this.#high[at] as number
      if (other < high || (other === high && (this.#low[at] as number) < (this.#low[least] as number))) {
        least = at
        high = other
      }
    }
    return least
  }

  #take({ words, start }: Cursor, into: RunWriter): void {
    const { combine } = this.#layout
    const next = this.#next
    for (let word = 0; word < next.length; word++) next[word] = words[start + word] as number
    if (this.#isHeld) {
      if (combine && this.#isSameKey()) combine(this.#held, next)
      else this.#release(into)
    }
    ;[this.#held, this.#next] = [next, this.#held]
    this.#isHeld = true
  }

  #isSameKey(): boolean {
    const last = this.#layout.keyWords - 1
    return this.#held[0] === this.#next[0] && this.#held[last] === this.#next[last]
  }

  #release(into: RunWriter): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    if (this.#layout.keep?.(this.#held) !== false) into.add(this.#held, 0)
  }

  /** To the next entry of a run; one at its end leaves. */
  #advance(at: number): void {
    const cursor = this.#cursors[at] as Cursor
    if (cursor.next()) {
      this.#high[at] = cursor.words[cursor.start] as number
      this.#low[at] = cursor.words[cursor.start + this.#layout.keyWords - 1] as number
      return
    }
    this.#cursors.splice(at, 1)
    this.#high.copyWithin(at, at + 1)
    this.#low.copyWithin(at, at + 1)
  }
}
