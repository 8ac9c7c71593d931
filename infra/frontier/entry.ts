/** A URL that waits for its first visit, or was put back into the queue. */
export interface Entry {
  url: string
  priority: number
  depth: number
  classId: number
}

const headBytes = 14

/**
 * Entries as bytes, one after the other: u16 bytes of the URL, u16 class, u16 depth, f64 priority, all little-endian, then the URL in UTF-8.
 * What `written` gives is only good until the next use.
 */
export class EntryWriter {
  #buffer = Buffer.allocUnsafe(1 << 16)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What came since the last `clear`. */
  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  add({ url, priority, depth, classId }: Entry): void {
    const at = this.#length
    // A code unit takes three bytes at most.
    this.#reserve(headBytes + url.length * 3)
    const bytes = this.#buffer.write(url, at + headBytes)
    this.#buffer.writeUInt16LE(bytes, at)
    this.#buffer.writeUInt16LE(classId, at + 2)
    this.#buffer.writeUInt16LE(depth, at + 4)
    this.#buffer.writeDoubleLE(priority, at + 6)
    this.#length += headBytes + bytes
  }

  /** Room for a number; returns where `setUint32` may put it. */
  reserveUint32(): number {
    this.#reserve(4)
    this.#length += 4
    return this.#length - 4
  }

  setUint32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at)
  }

  #reserve(bytes: number): void {
    while (this.#length + bytes > this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer, Buffer.allocUnsafe(this.#buffer.length)])
  }
}

/** The entry that begins there, and where the next one does. */
export function readEntry(bytes: Buffer, at: number): { entry: Entry; end: number } {
  const end = at + headBytes + bytes.readUInt16LE(at)
  const entry = {
    url: bytes.toString('utf8', at + headBytes, end),
    classId: bytes.readUInt16LE(at + 2),
    depth: bytes.readUInt16LE(at + 4),
    priority: bytes.readDoubleLE(at + 6),
  }
  return { entry, end }
}

/** The highest priority first, then the smallest URL in byte order. */
export function byUrgency(a: Entry, b: Entry): number {
  return b.priority - a.priority || compareBytes(a.url, b.url)
}

/** As bytes of UTF-8. UTF-16 differs from it only where a surrogate meets a unit from U+E000 on. */
function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  if (!beyondSurrogates.test(a) || !beyondSurrogates.test(b)) return a < b ? -1 : 1
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

const beyondSurrogates = /[\uD800-\uFFFF]/
