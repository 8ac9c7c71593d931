import { fmix32 } from '#schemas/fmix32.ts'

/** Turns texts into 64-bit fingerprints. One object serves one caller: the last result stands in `lo` and `hi`, so that nothing is allocated per text. */
export class Fingerprinter {
  /** Both halves, u32; never both 0, which marks an empty place in a table. */
  lo = 0
  hi = 0
  readonly #seedLo: number
  readonly #seedHi: number

  /** @param seed of one frontier: two u32 that an outsider does not know, so that no site can look for URLs that hide those of another */
  constructor(seed: readonly [number, number]) {
    ;[this.#seedLo, this.#seedHi] = seed
  }

  /**
   * To the byte (all arithmetic modulo 2³²): the UTF-16 code units are taken two by two as k = first + 65536 × second, a missing second being 0.
   * Two lanes, `a` from seed[0] and `b` from seed[1], each take every k as a block of MurmurHash3_x86_32 (Appleby, public domain):
   * a ^= rotl(k × 0xcc9e2d51, 15) × 0x1b873593; a = rotl(a, 13) × 5 + 0xe6546b64, and
   * b ^= rotl(k × 0x239b961b, 17) × 0xab0e9789; b = rotl(b, 19) × 5 + 0x561ccd1b (the constants of MurmurHash3_x86_128).
   * Then both ^= the number of code units; a += b; b += a; a = fmix32(a); b = fmix32(b); a += b; b += a. lo = a, hi = b; 0, 0 becomes 1, 0.
   *
   * Two of n texts collide with probability about n² / 2⁶⁵: 3 in a million for 10 million URLs. The later URL is then taken for known and never visited;
   * nothing else happens.
   */
  read(text: string): void {
    let [a, b] = [this.#seedLo, this.#seedHi]
    const { length } = text
    for (let i = 0; i < length; i += 2) {
      const k = text.charCodeAt(i) | ((i + 1 < length ? text.charCodeAt(i + 1) : 0) << 16)
      let x = Math.imul(k, 0xcc9e2d51)
      a ^= Math.imul((x << 15) | (x >>> 17), 0x1b873593)
      a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0
      x = Math.imul(k, 0x239b961b)
      b ^= Math.imul((x << 17) | (x >>> 15), 0xab0e9789)
      b = (Math.imul((b << 19) | (b >>> 13), 5) + 0x561ccd1b) | 0
    }
    a ^= length
    b ^= length
    a = (a + b) | 0
    b = (b + a) | 0
    a = fmix32(a)
    b = fmix32(b)
    a = (a + b) | 0
    b = (b + a) | 0
    this.lo = a === 0 && b === 0 ? 1 : a >>> 0
    this.hi = b >>> 0
  }
}

/** A fingerprint as SQLite's 64-bit signed integer: hi × 2³² + lo, two's complement. */
export const toInteger = (lo: number, hi: number): bigint => BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo))

/** Bounds of what is known of a URL, so that most of what is said of it again is seen to be nothing new. */
export interface Seen {
  /** At least so high, rounded to a float. */
  priority: number
  /** Of its label and kind, u16. */
  classId: number
  /** At most so deep, 0..255. */
  depth: number
  /** What is said to have changed by then has been seen to. Seconds since epoch, u32. */
  freshAt: number
}

/** Parts grow one at a time, each at another count, so that no add ever waits for more than a part to be copied. */
const partBits = 6
const partsCount = 1 << partBits
const wordsPerSlot = 5
const firstSlots = 32
/** Full enough to be small, empty enough for about 13 places looked at for what is not there (linear probing, Knuth 6.4). */
const loadMax = 0.8
const growth = 1.4

interface Part {
  count: number
  slots: number
  words: Uint32Array
  floats: Float32Array
}

/**
 * 64-bit fingerprints and their bounds in typed arrays: 20 bytes a place, 57 to 80 % of a part's places taken, so 25 to 35 bytes a URL, 30 over all parts.
 * Open addressing with linear probing; nothing is ever removed but all.
 * A place is five words: lo, hi, priority (float bits), freshAt, classId × 65536 + depth; lo = hi = 0 is empty.
 */
export class SeenSet {
  #parts = emptyParts()
  /** Where `find` and `insert` were last. */
  #at: Part = newPart(1)
  #base = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + (part?.words.byteLength ?? 0), 0)
  }

  /** Moves to the fingerprint; false when it is not there. */
  find(lo: number, hi: number): boolean {
    const part = this.#parts[hi >>> (32 - partBits)]
    if (!part) return false
    this.#at = part
    this.#base = probe(part, lo, hi)
    return part.words[this.#base] !== 0 || part.words[this.#base + 1] !== 0
  }

  /** Puts in a fingerprint that is not there, and moves to it. */
  insert(lo: number, hi: number, seen: Seen): void {
    const index = hi >>> (32 - partBits)
    let part = this.#parts[index] ?? (this.#parts[index] = newPart(Math.ceil(firstSlots * growth ** (index / partsCount))))
    if (part.count + 1 > part.slots * loadMax) part = this.#parts[index] = grown(part)
    const base = probe(part, lo, hi)
    part.words[base] = lo
    part.words[base + 1] = hi
    part.count++
    this.#count++
    this.#at = part
    this.#base = base
    this.write(seen)
  }

  /** What stands where `find` moved to. */
  read(): Seen {
    const { words, floats } = this.#at
    const packed = words[this.#base + 4] ?? 0
    return { priority: floats[this.#base + 2] ?? 0, freshAt: words[this.#base + 3] ?? 0, classId: packed >>> 16, depth: packed & 0xff }
  }

  write({ priority, classId, depth, freshAt }: Seen): void {
    const { words, floats } = this.#at
    floats[this.#base + 2] = priority
    words[this.#base + 3] = freshAt
    words[this.#base + 4] = (classId << 16) | depth
  }

  /** Whether any of this goes beyond what stands where `find` moved to. What has been seen to later than `latest` has not been. */
  isNews(priority: number, depth: number, freshAt: number, latest: number): boolean {
    const { words, floats } = this.#at
    const base = this.#base
    const seenAt = words[base + 3] ?? 0
    return Math.fround(priority) > (floats[base + 2] ?? 0) || depth < ((words[base + 4] ?? 0) & 0xff) || (freshAt > 0 && (freshAt > seenAt || seenAt > latest))
  }

  clear(): void {
    this.#parts = emptyParts()
    this.#count = 0
  }
}

const emptyParts = (): (Part | undefined)[] => Array.from<undefined>({ length: partsCount }).fill(undefined)

function newPart(slots: number): Part {
  const words = new Uint32Array(slots * wordsPerSlot)
  return { count: 0, slots, words, floats: new Float32Array(words.buffer) }
}

/** Index of the fingerprint's first word, or of the empty place where it belongs. */
function probe({ slots, words }: Part, lo: number, hi: number): number {
  // Lemire's range reduction over the bits that did not choose the part: any number of slots will do.
  let slot = Math.floor((((hi << partBits) | (lo >>> (32 - partBits))) >>> 0) * (slots / 2 ** 32))
  for (;;) {
    const base = slot * wordsPerSlot
    const [low, high] = [words[base], words[base + 1]]
    if ((low === lo && high === hi) || (low === 0 && high === 0)) return base
    if (++slot === slots) slot = 0
  }
}

function grown(part: Part): Part {
  const larger = newPart(Math.ceil(part.slots * growth))
  larger.count = part.count
  const [from, to] = [part.words, larger.words]
  for (let base = 0; base < from.length; base += wordsPerSlot) {
    const [lo = 0, hi = 0] = [from[base], from[base + 1]]
    if (lo === 0 && hi === 0) continue
    const target = probe(larger, lo, hi)
    for (let word = 0; word < wordsPerSlot; word++) to[target + word] = from[base + word] ?? 0
  }
  return larger
}
