/** Union-find over 0..n whose root is always the smallest of its set; the members of a set stand in a ring. 8 bytes each. */
export class Links {
  #parents = new Uint32Array(0)
  /** The next of the same set, round and round. */
  #ring = new Uint32Array(0)
  #count = 0

  get bytes(): number {
    return this.#parents.byteLength + this.#ring.byteLength
  }

  /** One more, alone in its set. @returns its number */
  add(): number {
    if (this.#count === this.#parents.length) {
      const size = Math.max(1024, Math.ceil(this.#count * 1.25))
      const grow = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
        const grown = new Uint32Array(size)
        grown.set(old)
        return grown
      }
      this.#parents = grow(this.#parents)
      this.#ring = grow(this.#ring)
    }
    this.#parents[this.#count] = this.#ring[this.#count] = this.#count
    return this.#count++
  }

  root(of: number): number {
    let at = of
    while (this.#parents[at] !== at) {
      this.#parents[at] = this.#parents[this.#parents[at] as number] as number
      at = this.#parents[at] as number
    }
    return at
  }

  /** False when they are in one set already. */
  join(a: number, b: number): boolean {
    const [rootA, rootB] = [this.root(a), this.root(b)]
    if (rootA === rootB) return false
    this.#parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB)
    const next = this.#ring[rootA] as number
    this.#ring[rootA] = this.#ring[rootB] as number
    this.#ring[rootB] = next
    return true
  }

  /** All of its set, itself first. */
  *members(of: number): Generator<number> {
    let at = of
    do {
      yield at
      at = this.#ring[at] as number
    } while (at !== of)
  }
}
