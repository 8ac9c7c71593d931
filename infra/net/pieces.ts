const blockBytes = 64 * 1024
const blockBytesMin = 1024
/** Shorter pieces are copied together: each would cost more than it holds. */
const ownBytesMin = 4 * 1024

/**
 * Bytes that come in pieces, joined in the end. However they were cut, they take little more than twice their length: what is short, or a small part of a
 * buffer that would live on with it, is copied; what is long is not.
 */
export class Pieces {
  length = 0
  readonly #pieces: Buffer[] = []
  #block: Buffer | undefined
  #used = 0

  add(piece: Buffer): void {
    this.length += piece.length
    if (piece.length >= ownBytesMin && piece.length * 2 >= piece.buffer.byteLength) {
      this.#endBlock()
      this.#pieces.push(piece)
    } else this.#copy(piece)
  }

  /** All of them as one; there are none afterwards. */
  join(): Buffer {
    this.#endBlock()
    const [first] = this.#pieces
    const whole = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces)
    this.clear()
    return whole
  }

  clear(): void {
    this.#pieces.length = 0
    this.#block = undefined
    this.#used = 0
    this.length = 0
  }

  #copy(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      // Short bodies get short blocks.
      this.#block ??= Buffer.allocUnsafeSlow(Math.min(blockBytes, Math.max(blockBytesMin, this.length - at, this.length)))
      const copied = piece.copy(this.#block, this.#used, at)
      at += copied
      this.#used += copied
      if (this.#used === this.#block.length) this.#endBlock()
    }
  }

  #endBlock(): void {
    if (this.#block && this.#used > 0) this.#pieces.push(this.#block.subarray(0, this.#used))
    this.#block = undefined
    this.#used = 0
  }
}
