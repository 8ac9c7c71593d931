import { pathOf } from '#schemas/identity/url-parts.ts'
import { doubleHash } from './double-hash.ts'
import type { HostMarks } from './host-marks.ts'
import { isPost, itemValues } from './parameters.ts'

export interface VariantLimits {
  /** Variants that name nothing new, of any path. */
  variantsMax: number
  /** As many more for each thing that its variants name. */
  variantsPerItem: number
  /** Things that the variants of one path name. */
  itemsMax: number
}

/** Of a path's topics, shown by one of their posts: enough to come to those that nothing else links to. */
const postsMax = 8

/** Of a path: how many variants were let in, and how many things they name. */
const countsMark = 0
/** Of a path: how many variants were let in that show a topic by a post. */
const postsMark = 1
const itemsFactor = 2 ** 26

/**
 * Which variants of a path (its URLs with a query) are visited. A catalogue and a trap differ in what their queries name: `?id=1`, `?id=2`, … name one thing
 * each, as many as there are; colours times sizes times orders, days, searches and sessions make any number of URLs of what is named already. So:
 *
 * - A variant that is the first to name some item (parameters.ts) is let in, up to `itemsMax` items of a path.
 * - Of those that show a topic by one of its posts, and name nothing else, a few are.
 * - Of all others a path has `variantsMax`, and `variantsPerItem` for each item that is known of it: page 2 of each thread, say.
 *
 * So at most variantsMax + (1 + variantsPerItem) × items of a path are visited, whatever its queries multiply to. What is let in stays so. What is refused is
 * asked about again where it is linked again, and let in when more items are known by then: an order of discovery delays more than it decides.
 *
 * A host that has more marks than it may (host-marks.ts) has no further variants.
 */
export class VariantBook {
  readonly #limits: VariantLimits
  readonly #marks: HostMarks

  constructor(limits: VariantLimits, marks: HostMarks) {
    this.#limits = limits
    this.#marks = marks
  }

  /** @param page of the URL, with its origin; `//` in its path is as good as `/`. @param query without the question mark */
  admit(page: string, query: string): boolean {
    const path = doubleHash(pathOf(page).replace(/\/{2,}/g, '/'))
    const has = (mark: number): boolean => this.#marks.get(page, 'variants', path, mark) !== undefined
    const note = (mark: number, value = 1): boolean => this.#marks.put(page, 'variants', path, mark, value)
    const variant = doubleHash(`?${query}`)
    if (has(variant)) return true
    const counts = this.#marks.get(page, 'variants', path, countsMark) ?? 0
    const [admitted, items] = [counts % itemsFactor, Math.floor(counts / itemsFactor)]
    const named = itemValues(pathOf(page), query)
      .map(doubleHash)
      .filter((item) => !has(item))
    const isItem = named.length > 0 && items + named.length <= this.#limits.itemsMax
    const posts = named.length === 0 && isPost(pathOf(page), query) ? (this.#marks.get(page, 'variants', path, postsMark) ?? 0) : undefined
    if (posts !== undefined) return posts < postsMax && note(variant) && note(postsMark, posts + 1)
    const { variantsMax, variantsPerItem } = this.#limits
    if (!isItem && admitted >= variantsMax + (1 + variantsPerItem) * items) return false
    if (isItem) for (const item of named) note(item)
    return note(variant) && note(countsMark, admitted + 1 + (items + (isItem ? named.length : 0)) * itemsFactor)
  }
}
