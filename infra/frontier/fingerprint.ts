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
    a = mix(a)
    b = mix(b)
    a = (a + b) | 0
    b = (b + a) | 0
    this.lo = a === 0 && b === 0 ? 1 : a >>> 0
    this.hi = b >>> 0
  }
}

/** MurmurHash3's fmix32. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** A fingerprint as SQLite's 64-bit signed integer: hi × 2³² + lo, two's complement. */
export const toInteger = (lo: number, hi: number): bigint => BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo))
