/** Some rows of a file, a bit for each row of it. */
export class RowSet implements Iterable<number> {
  readonly #bits: Uint8Array
  #size = 0

  constructor(rows: number) {
    this.#bits = new Uint8Array(Math.ceil(rows / 8))
  }

  static all(rows: number): RowSet {
    const set = new RowSet(rows)
    for (let row = 0; row < rows; row++) set.add(row)
    return set
  }

  get size(): number {
    return this.#size
  }

  has(row: number): boolean {
    return ((this.#bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
  }

  add(row: number): void {
    if (this.has(row)) return
    this.#bits[row >> 3] = (this.#bits[row >> 3] ?? 0) | (1 << (row & 7))
    this.#size++
  }

  remove(row: number): void {
    if (!this.has(row)) return
    this.#bits[row >> 3] = (this.#bits[row >> 3] ?? 0) & ~(1 << (row & 7))
    this.#size--
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [at, byte] of this.#bits.entries()) if (byte !== 0) for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) yield at * 8 + bit
  }
}
