const ordinalBits = 24
const ordinalMask = 2 ** ordinalBits - 1
/** More of one key are not kept: a bucket that somebody filled on purpose costs no quadratic time. */
export const bucketMax = 128
/** Places for each entry: 65 % full at most, which is about five places looked at for what is not there (linear probing, Knuth 6.4). */
const placesPerEntry = 1 / 0.65

/** Documents one table can number: a place has 24 bits for it. */
export const ordinalsMax = ordinalMask

/**
 * Hash (u32) → ordinals, in one typed array of 4-byte places: 8 bits of the hash and an ordinal + 1; 0 is empty. Open addressing with linear probing; nothing
 * is ever removed. Says too much now and then (1 in 256 of the places it passes), never too little, but for what came to a bucket of 128 and more.
 */
export class PostingTable {
  readonly #places: Uint32Array
  #entries = 0

  /** @param entries at most so many are going to be added */
  constructor(entries: number) {
    this.#places = new Uint32Array(Math.ceil(entries * placesPerEntry) + 1)
  }

  /** @returns false when its bucket is full @throws RangeError beyond the entries it was made for */
  add(hash: number, ordinal: number): boolean {
    if (++this.#entries * placesPerEntry > this.#places.length) throw new RangeError(`a table of ${this.#places.length} places is full`)
    const tag = (hash << ordinalBits) >>> 0
    let alike = 0
    let at = this.#home(hash)
    for (let place = this.#places[at] as number; place !== 0; place = this.#places[at] as number) {
      if ((place ^ tag) >>> ordinalBits === 0 && ++alike >= bucketMax) return false
      if (++at === this.#places.length) at = 0
    }
    this.#places[at] = (tag | (ordinal + 1)) >>> 0
    return true
  }

  /** Calls with each ordinal that may be there under the hash, in the order they came, until it returns true. */
  find(hash: number, found: (ordinal: number) => boolean): void {
    const tag = (hash << ordinalBits) >>> 0
    let at = this.#home(hash)
    for (let place = this.#places[at] as number; place !== 0; place = this.#places[at] as number) {
      if ((place ^ tag) >>> ordinalBits === 0 && found((place & ordinalMask) - 1)) return
      if (++at === this.#places.length) at = 0
    }
  }

  /** By the upper bits; the lower eight are the tag. */
  #home(hash: number): number {
    return Math.floor((hash * this.#places.length) / 2 ** 32)
  }
}
