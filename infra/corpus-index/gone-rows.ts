import type { Database } from '../sqlite/database.ts'

const partBits = 4096
const partBytes = partBits / 8

/** Which rows were forgotten: a bit for each ordinal, in memory and in the table. What still stands under a hash for one of them counts no more. */
export class GoneRows {
  readonly #db: Database
  readonly #parts = new Map<number, Uint8Array>()

  constructor(db: Database) {
    this.#db = db
    for (const { part, bits } of db.all<{ part: number; bits: Uint8Array }>('select part, bits from gone')) this.#parts.set(part, bits)
  }

  get memoryBytes(): number {
    return this.#parts.size * partBytes
  }

  has(ordinal: number): boolean {
    const bits = this.#parts.get(Math.floor(ordinal / partBits))
    return bits !== undefined && ((bits[(ordinal % partBits) >> 3] as number) & (1 << (ordinal & 7))) !== 0
  }

  /** Within the transaction that forgets them; in memory only by `apply`. */
  write(ordinals: readonly number[]): Map<number, Uint8Array> {
    const changed = new Map<number, Uint8Array>()
    for (const ordinal of ordinals) {
      const part = Math.floor(ordinal / partBits)
      const bits = changed.get(part) ?? Uint8Array.from(this.#parts.get(part) ?? new Uint8Array(partBytes))
      bits[(ordinal % partBits) >> 3] = (bits[(ordinal % partBits) >> 3] as number) | (1 << (ordinal & 7))
      changed.set(part, bits)
    }
    for (const [part, bits] of changed) this.#db.run('insert or replace into gone values (?, ?)', part, bits)
    return changed
  }

  apply(changed: ReadonlyMap<number, Uint8Array>): void {
    for (const [part, bits] of changed) this.#parts.set(part, bits)
  }
}
