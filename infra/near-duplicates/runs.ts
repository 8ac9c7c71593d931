import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'
import { alignment, recordBytesMax, recordBytesMin, wholeRecord } from './record.ts'

/** First bytes of a run: its format and version. */
const magic = Buffer.from('ORRERY-LSH-1\n\0\0\0')
/** A run that has so much is followed by another; one batch may go beyond it. */
const runBytes = 256 * 2 ** 20
/** Positions of a run: what a batch may add to it stays below. */
const runUnits = (2 * runBytes) / alignment
const readBytes = 4 * 2 ** 20

interface Run {
  path: string
  file: number
  size: number
}

/**
 * Records in append-only files, `000001.run` and on. A record is known by its position: a u32, which is enough for 64 GiB.
 * A crash may leave half a record at the end of the last run: it was not acknowledged, and goes at the next opening.
 */
export class Runs implements Disposable {
  readonly #folder: string
  readonly #isReadOnly: boolean
  readonly #runs: Run[] = []
  readonly #buffer = Buffer.alloc(4096)

  constructor(folder: string, isReadOnly: boolean) {
    this.#folder = folder
    this.#isReadOnly = isReadOnly
    if (!isReadOnly) mkdirSync(folder, { recursive: true })
  }

  get bytes(): number {
    return this.#runs.reduce((sum, { size }) => sum + size, 0)
  }

  /**
   * Opens what is there and passes each record, in order; those before it can be read by then.
   * @param expect told how many there are at most, before the first
   * @throws OrreryError `data_unreadable` for a run that is none, or is damaged before its end
   */
  load(expect: (records: number) => void, found: (record: Buffer, position: number) => void): void {
    const paths = (this.#isReadOnly && !existsSync(this.#folder) ? [] : readdirSync(this.#folder))
      .filter((name) => /^\d{6}\.run$/.test(name))
      .toSorted()
      .map((name) => join(this.#folder, name))
    expect(Math.ceil(paths.reduce((sum, path) => sum + statSync(path).size, 0) / recordBytesMin))
    for (const [index, path] of paths.entries()) this.#open(path, index === paths.length - 1, found)
  }

  /** Durable when it returns. @returns the position of each */
  append(records: readonly Buffer[]): number[] {
    if (records.length === 0) return []
    const run = this.#last()
    const start = run.size
    const bytes = Buffer.concat(records)
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(run.file, bytes, done, bytes.length - done, start + done)
      fdatasyncSync(run.file)
    } catch (cause) {
      // What stands behind the end is overwritten by the next batch, or cut at the next opening.
      throw new OrreryError('store_unavailable', `The run ${run.path} cannot be written (${String(cause)}); make room on its disk, then try again.`, {}, cause)
    }
    run.size += bytes.length
    const first = (this.#runs.length - 1) * runUnits
    let at = start
    return records.map((record) => {
      const position = first + at / alignment
      at += record.length
      return position
    })
  }

  /** The record at a position; valid until the next call. */
  read(position: number): Buffer {
    const run = this.#runs[Math.floor(position / runUnits)]
    if (!run) throw unreadable(this.#folder, 'it has no such position')
    const from = (position % runUnits) * alignment
    let buffer = this.#buffer
    for (;;) {
      const record = wholeRecord(buffer.subarray(0, readSync(run.file, buffer, 0, Math.min(buffer.length, run.size - from), from)))
      if (record) return record
      if (buffer.length >= recordBytesMax) throw unreadable(run.path, `it is damaged at byte ${from}`)
      buffer = Buffer.alloc(recordBytesMax)
    }
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#runs.splice(0)) closeSync(file)
  }

  #open(path: string, isLast: boolean, found: (record: Buffer, position: number) => void): void {
    const run = { path, file: openSync(path, this.#isReadOnly ? 'r' : 'r+'), size: magic.length }
    const { size } = fstatSync(run.file)
    this.#runs.push(run)
    const head = Buffer.alloc(magic.length)
    const isRun = readSync(run.file, head, 0, head.length, 0) === head.length && head.equals(magic)
    // A crash while the run was made leaves less than its head.
    if (!isRun && !(isLast && size <= magic.length)) throw unreadable(path, 'it is no run of near-duplicates')
    if (isRun) this.#scan(run, size, found)
    if (run.size === size && isRun) return
    if (!isLast) throw unreadable(path, `it is damaged at byte ${run.size}`)
    if (this.#isReadOnly) return
    ftruncateSync(run.file, isRun ? run.size : 0)
    if (!isRun) writeSync(run.file, magic, 0, magic.length, 0)
    fsyncSync(run.file)
  }

  #scan(run: Run, size: number, found: (record: Buffer, position: number) => void): void {
    const first = (this.#runs.length - 1) * runUnits
    const buffer = Buffer.alloc(readBytes)
    while (run.size < size) {
      let rest = buffer.subarray(0, readSync(run.file, buffer, 0, buffer.length, run.size))
      const before = run.size
      for (let record = wholeRecord(rest); record; record = wholeRecord(rest)) {
        const position = first + run.size / alignment
        run.size += record.length
        rest = rest.subarray(record.length)
        found(record, position)
      }
      if (run.size === before) return
    }
  }

  #last(): Run {
    const last = this.#runs.at(-1)
    if (last && last.size < runBytes) return last
    if (this.#runs.length >= Math.floor(2 ** 32 / runUnits)) throw new OrreryError('too_large', `${this.#folder} holds as many near-duplicates as it can.`)
    const path = join(this.#folder, `${String(this.#runs.length + 1).padStart(6, '0')}.run`)
    const run = { path, file: openSync(path, 'wx+'), size: magic.length }
    this.#runs.push(run)
    writeSync(run.file, magic, 0, magic.length, 0)
    fsyncSync(run.file)
    const folder = openSync(this.#folder, 'r')
    fsyncSync(folder)
    closeSync(folder)
    return run
  }
}

const unreadable = (path: string, what: string): OrreryError =>
  new OrreryError('data_unreadable', `${path} cannot be read: ${what}. Remove its folder; the next snapshot makes it again from the shards.`, { path })
