/** The smallest of many numbers, so many of them, in memory of 8 bytes each: a heap whose top is the largest that is kept. */
export class LeastKeys {
  readonly #countMax: number
  #keys = new Float64Array(1024)
  #size = 0

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** The largest of them. */
  get largest(): number {
    return this.#size === 0 ? -Infinity : (this.#keys[0] as number)
  }

  add(key: number): void {
    if (this.#size === this.#countMax) {
      if (key >= this.largest) return
      this.#sink(key)
    } else this.#rise(key)
  }

  /** Puts it in place of the largest. */
  #sink(key: number): void {
    const keys = this.#keys
    let at = 0
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && (keys[child + 1] as number) > (keys[child] as number)) child++
      if ((keys[child] as number) <= key) break
      keys[at] = keys[child] as number
      at = child
    }
    keys[at] = key
  }

  #rise(key: number): void {
    if (this.#size === this.#keys.length) {
      const larger = new Float64Array(2 * this.#size)
      larger.set(this.#keys)
      this.#keys = larger
    }
    const keys = this.#keys
    let at = this.#size++
    for (let parent = (at - 1) >> 1; at > 0 && (keys[parent] as number) < key; parent = (at - 1) >> 1) {
      keys[at] = keys[parent] as number
      at = parent
    }
    keys[at] = key
  }
}
