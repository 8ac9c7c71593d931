import { sha256Hex } from '#schemas/canonical-json.ts'
import type { VersionFile } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { OrreryError } from '#schemas/errors.ts'

/** Of rows that were not looked at yet. */
const notYet = 2 ** 32 - 1
const pairBytes = 8

/** When each row of a file was seen first (VersionFile.seen): a number for a run of rows, up to the next. Rows are seen in their order. */
export class Sights {
  readonly #rows: number
  readonly #starts: number[]
  readonly #numbers: number[]

  private constructor(rows: number, starts: number[], numbers: number[]) {
    this.#rows = rows
    this.#starts = starts
    this.#numbers = numbers
  }

  /** Of a file of which nothing was seen. */
  static none(rows: number): Sights {
    return new Sights(rows, [0], [notYet])
  }

  /** @throws OrreryError `data_unreadable` when the object is not what the version says */
  static async read(store: Pick<ObjectStore, 'get'>, { file: { rows }, seen = 0 }: Pick<VersionFile, 'file' | 'seen'>): Promise<Sights> {
    if (typeof seen === 'number') return new Sights(rows, [0], [seen])
    const bytes = Buffer.from(await store.get(seen.key))
    const sights = new Sights(rows, [], [])
    for (let at = 0; at + pairBytes <= bytes.length; at += pairBytes) {
      sights.#starts.push(bytes.readUInt32LE(at))
      sights.#numbers.push(bytes.readUInt32LE(at + 4))
    }
    if (sha256Hex(bytes) === seen.sha256 && sights.#starts[0] === 0) return sights
    throw new OrreryError('data_unreadable', `The sights ${seen.key} are not what their version says; restore them from a backup.`, { key: seen.key })
  }

  /** 0 for a row that was not seen. */
  at(row: number): number {
    let [low, high] = [0, this.#starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] as number) <= row) low = middle
      else high = middle
    }
    const number = this.#numbers[low] as number
    return number === notYet ? 0 : number
  }

  /** Notes the sight of a row; one that was seen before keeps its own. @returns its number */
  see(row: number, numberOf: () => number): number {
    const last = this.#starts.length - 1
    // Only the first row that was not seen can be next.
    if (this.#numbers[last] !== notYet || this.#starts[last] !== row) return this.at(row)
    const number = numberOf()
    if (last > 0 && this.#numbers[last - 1] === number) this.#starts[last] = row + 1
    else {
      this.#numbers[last] = number
      this.#starts.push(row + 1)
      this.#numbers.push(notYet)
    }
    return number
  }

  /** @param prefix of the object, where rows differ */
  async write(store: Pick<ObjectStore, 'put'>, prefix: string): Promise<NonNullable<VersionFile['seen']>> {
    const runs = this.#starts.filter((start) => start < this.#rows).length
    if (runs <= 1) return this.at(0)
    const bytes = Buffer.alloc(runs * pairBytes)
    for (let run = 0; run < runs; run++) {
      bytes.writeUInt32LE(this.#starts[run] as number, run * pairBytes)
      bytes.writeUInt32LE(this.#numbers[run] as number, run * pairBytes + 4)
    }
    const sha256 = sha256Hex(bytes)
    const key = `${prefix}${sha256}.sights`
    await store.put(key, bytes)
    return { key, sha256, bytes: bytes.length }
  }
}
