/** Union-find over 0..n whose root is always the smallest of its set. 4 bytes each. */
export class Links {
  #parents = new Uint32Array(0)
  #count = 0

  /** One more, alone in its set. @returns its number */
  add(): number {
    if (this.#count === this.#parents.length) {
      const grown = new Uint32Array(Math.max(1024, Math.ceil(this.#count * 1.25)))
      grown.set(this.#parents)
      this.#parents = grown
    }
    this.#parents[this.#count] = this.#count
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

  join(a: number, b: number): void {
    const [rootA, rootB] = [this.root(a), this.root(b)]
    this.#parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB)
  }
}
