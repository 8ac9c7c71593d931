import { fmix32 } from '#schemas/fmix32.ts'

/**
 * A set of strings by their 64-bit hashes: 8 bytes each and as much again for room, whatever their length. Two strings share a hash by chance once in 2⁶⁴,
 * so that a set of a million takes a stranger for its own once in 10¹³ questions.
 */
export interface HashSet {
  add(high: number, low: number): void
  has(high: number, low: number): boolean
  readonly size: number
}

/** Where it is, or the free place where it would be. */
function slotOf(table: Uint32Array, high: number, low: number): number {
  const mask = table.length / 2 - 1
  let slot = (high ^ (low >>> 15)) & mask
  while ((table[2 * slot] !== 0 || table[2 * slot + 1] !== 0) && (table[2 * slot] !== high || table[2 * slot + 1] !== low)) slot = (slot + 1) & mask
  return slot
}

/** @returns whether it was not there */
function put(table: Uint32Array, high: number, low: number): boolean {
  const slot = slotOf(table, high, low)
  const isNew = table[2 * slot] === 0 && table[2 * slot + 1] === 0
  table[2 * slot] = high
  table[2 * slot + 1] = low
  return isNew
}

export function hashSet(): HashSet {
  let slots = new Uint32Array(2 * 1024)
  let size = 0
  const grow = (): void => {
    const larger = new Uint32Array(slots.length * 2)
    for (let at = 0; at < slots.length; at += 2) if (slots[at] !== 0 || slots[at + 1] !== 0) put(larger, slots[at] as number, slots[at + 1] as number)
    slots = larger
  }
  return {
    add(high, low) {
      if (size * 3 > slots.length) grow()
      if (put(slots, high, low)) size++
    },
    has(high, low) {
      const slot = slotOf(slots, high, low)
      return slots[2 * slot] !== 0 || slots[2 * slot + 1] !== 0
    },
    get size() {
      return size
    },
  }
}

/** A 64-bit hash that takes one character more at a time (two FNV-1a of 32 bits, mixed as in MurmurHash3 when asked for). */
export class RollingHash {
  #a = 0
  #b = 0

  /** @param kind strings of another kind have other hashes */
  start(kind: number): this {
    this.#a = (0x811c9dc5 ^ kind) >>> 0
    this.#b = (0x01000193 + Math.imul(kind, 0x9e3779b1)) >>> 0
    return this
  }

  push(code: number): void {
    this.#a = Math.imul(this.#a ^ code, 0x01000193)
    this.#b = Math.imul(this.#b ^ code, 0x5bd1e995) ^ (this.#b >>> 13)
  }

  pushAll(text: string): this {
    for (let at = 0; at < text.length; at++) this.push(text.charCodeAt(at))
    return this
  }

  /** Never 0. */
  get high(): number {
    return fmix32(this.#a) || 1
  }

  get low(): number {
    return fmix32(this.#b)
  }
}
