/** Reads a stream of chunks by counts and marks, holding no more than one chunk and what is asked for. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  /** Bytes taken so far. */
  offset = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Whether anything is left. */
  async more(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#chunks.next()
      if (next.done) return false
      this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
      this.#at = 0
    }
    return true
  }

  /** The next byte, not taken; undefined at the end. */
  async peek(): Promise<number | undefined> {
    return (await this.more()) ? this.#chunk[this.#at] : undefined
  }

  /** Up to `count` bytes; fewer only at the end. A view of the chunk where it holds them all. */
  async take(count: number): Promise<Buffer> {
    if (this.#chunk.length - this.#at >= count) return this.#advance(count)
    const parts: Buffer[] = []
    for (let left = count; left > 0 && (await this.more()); left -= parts.at(-1)?.length ?? 0)
      parts.push(this.#advance(Math.min(left, this.#chunk.length - this.#at)))
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
  }

  /** How many of `count` bytes there were. */
  async skip(count: number): Promise<number> {
    let left = count
    while (left > 0 && (await this.more())) left -= this.#advance(Math.min(left, this.#chunk.length - this.#at)).length
    return count - left
  }

  /** All up to the mark and the mark itself; undefined when it does not come within `max` bytes. */
  async takeThrough(mark: Buffer, max: number): Promise<Buffer | undefined> {
    let held: Buffer = Buffer.alloc(0)
    while (await this.more()) {
      // The mark may lie across two chunks.
      const overlap = held.subarray(Math.max(0, held.length - mark.length + 1))
      const fresh = this.#chunk.subarray(this.#at, this.#at + max + mark.length)
      const window = overlap.length === 0 ? fresh : Buffer.concat([overlap, fresh])
      const found = window.indexOf(mark)
      const size = found === -1 ? fresh.length : found + mark.length - overlap.length
      const taken = this.#advance(size)
      held = held.length === 0 ? taken : Buffer.concat([held, taken])
      if (held.length > max) return undefined
      if (found !== -1) return held
    }
    return undefined
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  #advance(count: number): Buffer {
    const taken = this.#chunk.subarray(this.#at, this.#at + count)
    this.#at += count
    this.offset += count
    return taken
  }
}
