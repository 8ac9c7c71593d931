const idBytes = 32

/** Ids of documents (raw sha256) → their rows: 44 bytes each, however many there are. An id is a hash: its first bytes are as good as any. */
export class IdRows {
  readonly #ids: Buffer
  readonly #rows: Uint32Array
  /** Place + 1 in `#ids`, 0 = free. */
  readonly #slots: Uint32Array
  #size = 0

  /** @param capacity the most that will be added */
  constructor(capacity: number) {
    this.#ids = Buffer.alloc(capacity * idBytes)
    this.#rows = new Uint32Array(capacity)
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * capacity + 2)))
  }

  add(id: string, row: number): void {
    const at = this.#size++
    this.#ids.write(id, at * idBytes, idBytes, 'hex')
    this.#rows[at] = row
    this.#slots[this.#slotOf(this.#ids.subarray(at * idBytes, (at + 1) * idBytes))] = at + 1
  }

  /** @param id raw */
  rowOf(id: Uint8Array): number | undefined {
    const at = this.#slots[this.#slotOf(id)] ?? 0
    return at === 0 ? undefined : this.#rows[at - 1]
  }

  /** Where an id stands, or would. */
  #slotOf(id: Uint8Array): number {
    const mask = this.#slots.length - 1
    const first = new DataView(id.buffer, id.byteOffset).getUint32(0, true)
    for (let slot = first & mask; ; slot = (slot + 1) & mask) {
      const at = this.#slots[slot] ?? 0
      if (at === 0 || this.#ids.compare(id, 0, idBytes, (at - 1) * idBytes, at * idBytes) === 0) return slot
    }
  }
}
