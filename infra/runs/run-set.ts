import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'
import { keyOrder } from './key-order.ts'
import { chooseMerge } from './merge-choice.ts'
import { BlockBuffer, openRun, type Run } from './run-file.ts'
import { entryWords, type RunLayout } from './run-layout.ts'
import { EntryMerge } from './run-merge.ts'
import { RunWriter, syncFolder, unfinished } from './run-writer.ts'

/** What a write or a merge did: it counts when its caller has committed it, and called `apply`. */
export interface RunChange {
  /** Name of the new run, durable by now; null when nothing is left of those that went. */
  came: string | null
  went: readonly string[]
}

export interface RunMerge extends Disposable {
  /** Some milliseconds of work; the change when it is finished. Disposed before, also after an error, it leaves nothing. @throws OrreryError `data_unreadable`, `store_unavailable` */
  step(): RunChange | undefined
}

const entriesPerStep = 100_000
/** Numbers of the first and the last write whose entries a run has: by name is by age. */
const digits = 10
const naming = new RegExp(String.raw`^\d{${digits}}-\d{${digits}}\.run$`)
const nameOf = (first: number, last: number): string => `${String(first).padStart(digits, '0')}-${String(last).padStart(digits, '0')}.run`
const firstOf = (name: string): number => Number(name.slice(0, digits))
const lastOf = (name: string): number => Number(name.slice(digits + 1, 2 * digits + 1))

/**
 * Entries on disk in sorted runs (an LSM tree of tiers, O'Neil et al. 1996), filters and the first key of each block in memory. A write makes a new run, a
 * merge one of several. Which runs count is committed by the caller, with whatever else the change belongs to: a crash leaves files that nobody lists, and
 * they go at the next opening. One process at a time, one merge at a time.
 */
export class RunSet implements Disposable {
  readonly #folder: string
  readonly #layout: RunLayout
  readonly #stride: number
  readonly #buffer = new BlockBuffer()
  /** By name. */
  readonly #runs = new Map<string, Run>()
  /** Oldest first. */
  #names: string[] = []
  /** Written, not applied. */
  readonly #fresh = new Map<string, Run>()
  #next = 1
  #isMerging = false

  /**
   * @param names of the runs that count; other runs in the folder are deleted, but by a reader, beside which another process may write
   * @throws OrreryError `data_unreadable`
   */
  constructor(folder: string, layout: RunLayout, names: Iterable<string>, use: 'writer' | 'reader' = 'writer') {
    this.#folder = folder
    this.#layout = layout
    this.#stride = entryWords(layout)
    if (use === 'writer') mkdirSync(folder, { recursive: true })
    try {
      this.#names = [...names].toSorted()
      for (const name of this.#names) this.#runs.set(name, openRun(join(folder, requireName(name)), layout))
      for (const name of this.#names) this.#next = Math.max(this.#next, lastOf(name) + 1)
      if (use === 'writer') this.#sweep()
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  get runs(): number {
    return this.#names.length
  }

  get entries(): number {
    return this.#sum(({ entries }) => entries)
  }

  /** Filters and first keys. */
  get memoryBytes(): number {
    return this.#sum(({ memoryBytes }) => memoryBytes)
  }

  get diskBytes(): number {
    return this.#sum(({ diskBytes }) => diskBytes)
  }

  /**
   * Calls with each value under a key: place of the key in `keys`, words of the value (valid until it returns). Those of a newer run come before those of an
   * older one, those of one run as they were written. When it returns true, no more of this key come.
   * @param keys keyWords words each, in any order @throws OrreryError `data_unreadable`
   */
  find(keys: Uint32Array, found: (at: number, value: Uint32Array) => boolean | void): void {
    const { keyWords } = this.#layout
    const order = keyOrder(keys, keyWords, keyWords)
    const isDone = new Uint8Array(order.length)
    for (const name of this.#names.toReversed()) {
      const run = this.#runs.get(name) as Run
      let block = 0
      for (const position of order) {
        const at = position / keyWords
        if (isDone[at] === 1) continue
        const high = keys[position] as number
        const low = keys[position + keyWords - 1] as number
        block = run.blockBefore(high, low, block)
        const isEnough = run.find(high, low, block, this.#buffer, (words, start) => found(at, words.subarray(start + keyWords, start + this.#stride)) === true)
        if (isEnough) isDone[at] = 1
      }
    }
  }

  /**
   * A new run of these entries, durable when it returns; undefined for none.
   * @param entries keyWords + valueWords words each, in any order; those of one key are combined in their order, in place @throws OrreryError `store_unavailable`
   */
  write(entries: Uint32Array): RunChange | undefined {
    if (entries.length === 0) return undefined
    const number = this.#next++
    const name = nameOf(number, number)
    using writer = new RunWriter(join(this.#folder, name), this.#layout, entries.length / this.#stride)
    for (const start of this.#combined(entries)) writer.add(entries, start)
    this.#fresh.set(name, writer.finish())
    return { came: name, went: [] }
  }

  /** The next merge that is due, or one of all runs where there are some; writes and looks may come between its steps. */
  merge(wanted: 'due' | 'all' = 'due'): RunMerge | undefined {
    if (this.#isMerging) throw new OrreryError('conflict', `The runs of ${this.#folder} are being merged already; apply or discard that first.`)
    const all = this.runs > 1 ? { start: 0, end: this.runs } : undefined
    const range = wanted === 'all' ? all : chooseMerge(this.#names.map((name) => (this.#runs.get(name) as Run).entries))
    return range && this.#merge(this.#names.slice(range.start, range.end))
  }

  /** From now on it counts for looks. Files that went are deleted. */
  apply({ came, went }: RunChange): void {
    if (went.length > 0) this.#isMerging = false
    for (const name of went) {
      this.#runs.get(name)?.[Symbol.dispose]()
      this.#runs.delete(name)
      rmSync(join(this.#folder, name), { force: true })
    }
    const run = came === null ? undefined : this.#fresh.get(came)
    if (came !== null && run) {
      this.#fresh.delete(came)
      this.#runs.set(came, run)
    }
    this.#names = [...this.#runs.keys()].toSorted()
  }

  /** For a change that was not committed. */
  discard({ came, went }: RunChange): void {
    if (went.length > 0) this.#isMerging = false
    if (came === null) return
    this.#fresh.get(came)?.[Symbol.dispose]()
    this.#fresh.delete(came)
    rmSync(join(this.#folder, came), { force: true })
  }

  [Symbol.dispose](): void {
    for (const run of [...this.#runs.values(), ...this.#fresh.values()]) run[Symbol.dispose]()
    this.#runs.clear()
    this.#fresh.clear()
    this.#names = []
  }

  #merge(went: readonly string[]): RunMerge {
    const runs = went.map((name) => this.#runs.get(name) as Run)
    const name = nameOf(firstOf(went[0] as string), lastOf(went.at(-1) as string))
    const merge = new EntryMerge(runs, this.#layout)
    const entriesMax = runs.reduce((sum, { entries }) => sum + entries, 0)
    const writer = new RunWriter(join(this.#folder, name), this.#layout, entriesMax)
    this.#isMerging = true
    let isFinished = false
    const end = (): void => {
      writer[Symbol.dispose]()
      if (!isFinished) this.#isMerging = false
    }
    return {
      step: () => {
        if (merge.step(entriesPerStep, writer)) return undefined
        if (writer.entries > 0) this.#fresh.set(name, writer.finish())
        isFinished = true
        end()
        return { came: writer.entries > 0 ? name : null, went }
      },
      [Symbol.dispose]: end,
    }
  }

  /** Where the entries begin, by key; of those of one key the last, with all of them combined in it. */
  *#combined(entries: Uint32Array): Generator<number> {
    const { combine, keyWords } = this.#layout
    const order = keyOrder(entries, this.#stride, keyWords)
    for (const [at, start] of order.entries()) {
      const next = order[at + 1]
      const isLast = next === undefined || entries[start] !== entries[next] || entries[start + keyWords - 1] !== entries[next + keyWords - 1]
      if (!combine || isLast) yield start
      else combine(entries.subarray(start, start + this.#stride), entries.subarray(next, next + this.#stride))
    }
  }

  #sweep(): void {
    let isSwept = false
    for (const name of readdirSync(this.#folder)) {
      if (this.#runs.has(name) || !naming.test(name.endsWith(unfinished) ? name.slice(0, -unfinished.length) : name)) continue
      rmSync(join(this.#folder, name), { force: true })
      isSwept = true
    }
    if (isSwept) syncFolder(this.#folder)
  }

  #sum(part: (run: Run) => number): number {
    let sum = 0
    for (const run of this.#runs.values()) sum += part(run)
    return sum
  }
}

function requireName(name: string): string {
  if (naming.test(name)) return name
  throw new OrreryError('data_unreadable', `"${name}" is no name of a run; the list of runs is damaged.`)
}
