import { doubleHash } from './double-hash.ts'
import { itemValues } from './item-values.ts'

export interface VariantLimits {
  /** Variants that name nothing new, of any path. */
  variantsMax: number
  /** As many more for each thing that its variants name. */
  variantsPerItem: number
  /** Things that the variants of one path name. */
  itemsMax: number
}

/** What is remembered of all paths together, at most. What was touched longest ago is forgotten first: its path begins anew. */
const pathsMax = 4096
const entriesMax = 500_000

/** One variant that was let in: hashes of its path, of its query, and of the `name=value` of what it was the first to name. */
export interface Admission {
  path: number
  query: number
  items: readonly number[]
}

/** More parameters make a URL a trap (traps.ts). */
const itemsPerVariant = 16

interface Path {
  admitted: Set<number>
  items: Set<number>
}

/**
 * Which variants of a path (its URLs with a query) are visited. A catalogue and a trap differ in what their queries name: `?id=1`, `?id=2`, … name one thing
 * each, as many as there are; colours times sizes times orders, days, searches and sessions make any number of URLs of what is named already. So:
 *
 * - A variant that is the first to name some item (item-values.ts) is let in, up to `itemsMax` items of a path.
 * - Of all others a path has `variantsMax`, and `variantsPerItem` for each item that is known of it: page 2 of each thread, say.
 *
 * So at most variantsMax + (1 + variantsPerItem) × items of a path are visited, whatever its queries multiply to. What is let in stays so. What is refused is
 * asked about again where it is linked again, and let in when more items are known by then: an order of discovery delays more than it decides.
 */
export class VariantBook {
  readonly #limits: VariantLimits
  readonly #paths = new Map<number, Path>()
  readonly #onAdmission: (admission: Admission) => void
  #entries = 0

  /** @param onAdmission told of each variant when it is let in first */
  constructor(limits: VariantLimits, onAdmission: (admission: Admission) => void = () => undefined) {
    this.#limits = limits
    this.#onAdmission = onAdmission
  }

  /** @param path of the URL, with its origin. @param query without the question mark */
  admit(path: string, query: string): boolean {
    const key = doubleHash(path)
    const known = this.#touch(key)
    const variant = doubleHash(query)
    if (known.admitted.has(variant)) return true
    const items = itemValues(query)
      .map(doubleHash)
      .filter((item) => !known.items.has(item))
    const isItem = items.length > 0 && known.items.size + items.length <= this.#limits.itemsMax
    const { variantsMax, variantsPerItem } = this.#limits
    if (!isItem && known.admitted.size >= variantsMax + (1 + variantsPerItem) * known.items.size) return false
    const admission = { path: key, query: variant, items: isItem ? items : [] }
    this.restore(admission)
    this.#onAdmission(admission)
    return true
  }

  /** Takes up what was let in before. */
  restore({ path, query, items }: Admission): void {
    const known = this.#touch(path)
    const before = known.admitted.size + known.items.size
    known.admitted.add(query)
    for (const item of items) known.items.add(item)
    this.#entries += known.admitted.size + known.items.size - before
    this.#forgetOldest()
  }

  /** All that is known, the path first that was touched longest ago. */
  *admissions(): Generator<Admission> {
    for (const [path, { admitted, items }] of this.#paths) {
      // Which variant was the first to name an item is not known any more, and means nothing.
      const left = [...items]
      for (const query of admitted) yield { path, query, items: left.splice(0, itemsPerVariant) }
    }
  }

  #touch(key: number): Path {
    const known = this.#paths.get(key) ?? { admitted: new Set(), items: new Set() }
    this.#paths.delete(key)
    this.#paths.set(key, known)
    return known
  }

  #forgetOldest(): void {
    for (const [key, { admitted, items }] of this.#paths) {
      if (this.#paths.size <= 1 || (this.#paths.size <= pathsMax && this.#entries <= entriesMax)) return
      this.#paths.delete(key)
      this.#entries -= admitted.size + items.size
    }
  }
}
