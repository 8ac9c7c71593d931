import { compareText } from '#schemas/compare-text.ts'
import type { NamedCounts } from '#schemas/data-file.ts'

/** How many of each name. Names are anybody's words. */
export class Tally {
  readonly #counts: Map<string, number>

  constructor(counts: NamedCounts = []) {
    this.#counts = new Map(counts)
  }

  get size(): number {
    return this.#counts.size
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** Of all names. */
  get total(): number {
    return this.#counts.values().reduce((sum, count) => sum + count, 0)
  }

  add(name: string, by = 1): void {
    const count = this.get(name) + by
    if (count === 0) this.#counts.delete(name)
    else this.#counts.set(name, count)
  }

  clear(): void {
    this.#counts.clear()
  }

  counts(): NamedCounts {
    return [...this.#counts].toSorted(([a], [b]) => compareText(a, b))
  }
}
