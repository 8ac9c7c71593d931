/** Stands in a stream where bytes are missing: what follows does not belong to what came before. */
export const gap: Uint8Array = Buffer.alloc(0)

/** Reads a stream of chunks by counts and marks, holding no more than one chunk and what is asked for. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  #isAtGap = false
  /** Bytes taken so far. */
  offset = 0
  /** Bytes that were given back so far. */
  untakenBytes = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Whether anything is left before the end, or the next gap. */
  async more(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      if (this.#isAtGap) return false
      const next = await this.#chunks.next()
      if (next.done) return false
      this.#isAtGap = next.value === gap
      this.#chunk = bufferOf(next.value)
      this.#at = 0
    }
    return true
  }

  /** Goes on behind a gap. False: there was none. */
  passGap(): boolean {
    const was = this.#isAtGap
    this.#isAtGap = false
    return was
  }

  /** Up to `count` bytes, not taken; fewer only at the end or a gap. */
  async peek(count: number): Promise<Buffer> {
    while (this.#chunk.length - this.#at < count) {
      const rest = this.#chunk.subarray(this.#at)
      this.#at = this.#chunk.length
      const isMore = await this.more()
      this.#chunk = rest.length === 0 ? this.#chunk.subarray(this.#at) : Buffer.concat([rest, this.#chunk.subarray(this.#at)])
      this.#at = 0
      if (!isMore) break
    }
    return this.#chunk.subarray(this.#at, this.#at + count)
  }

  /** Up to `count` bytes; fewer only at the end or a gap. A view of the chunk where it holds them all. */
  async take(count: number): Promise<Buffer> {
    if (this.#chunk.length - this.#at >= count) return this.#advance(count)
    const parts: Buffer[] = []
    for (let left = count; left > 0 && (await this.more()); left -= parts.at(-1)?.length ?? 0)
      parts.push(this.#advance(Math.min(left, this.#chunk.length - this.#at)))
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
  }

  /** Gives back what was taken last. */
  untake(bytes: Buffer): void {
    this.#chunk = Buffer.concat([bytes, this.#chunk.subarray(this.#at)])
    this.#at = 0
    this.offset -= bytes.length
    this.untakenBytes += bytes.length
  }

  /** How many of `count` bytes there were. */
  async skip(count: number): Promise<number> {
    let left = count
    while (left > 0 && (await this.more())) left -= this.#advance(Math.min(left, this.#chunk.length - this.#at)).length
    return count - left
  }

  /** Passes over all that stands before the mark. False: it does not come before the end or the next gap, or not within `max` bytes. */
  async skipTo(mark: Buffer, max = Infinity): Promise<boolean> {
    const start = this.offset
    while (this.offset - start <= max) {
      if ((await this.peek(mark.length)).length < mark.length) {
        await this.skip(mark.length)
        return false
      }
      const found = this.#chunk.indexOf(mark, this.#at)
      // The mark may lie across two chunks.
      this.#advance((found === -1 ? this.#chunk.length - mark.length + 1 : found) - this.#at)
      if (found !== -1) return true
    }
    return false
  }

  /**
   * All up to where a part ends, and that part.
   * @param ending where it ends in these bytes; -1 = not within them. Its last three bytes may make the difference.
   * @returns undefined when it does not come within `max` bytes
   */
  async takeThrough(ending: (bytes: Buffer) => number, max: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    let takenBytes = 0
    let overlap: Buffer = Buffer.alloc(0)
    while (await this.more()) {
      const fresh = this.#chunk.subarray(this.#at, this.#at + max + 4)
      const seen = overlap.length === 0 ? fresh : Buffer.concat([overlap, fresh])
      const end = ending(seen)
      const taken = this.#advance(end === -1 ? fresh.length : end - overlap.length)
      parts.push(taken)
      takenBytes += taken.length
      if (takenBytes > max) return undefined
      if (end !== -1) return parts.length === 1 ? taken : Buffer.concat(parts)
      overlap = seen.subarray(Math.max(0, seen.length - 3))
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

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
