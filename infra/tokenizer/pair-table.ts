const [first, second] = [0x9e3779b1, 0x85ebca6b]
/** Bits of a number of a token in an entry. */
const idBits = 21
export const pairIdsMax = 2 ** idBits - 1
const lowBits = 32 - idBits
const highMask = 2 ** (idBits - lowBits) - 1
const shift = idBits - lowBits

/**
 * What two neighbours become: a flat hash table of two words an entry, which bpe-kernel.c reads too, two entries at once: the first place of a pair is an even one,
 * those that follow are next. The entry is, from its lowest bit, the left one, the right one and
 * what they become, 21 bits each; all ones = free.
 */
export function pairTable(pairs: { left: Uint32Array; right: Uint32Array; become: Uint32Array }): Uint32Array {
  const slots = 2 ** Math.ceil(Math.log2(1.25 * pairs.left.length + 2))
  const table = new Uint32Array(2 * slots).fill(0xffffffff)
  const mask = slots - 1
  for (let n = 0; n < pairs.left.length; n++) {
    const [left, right] = [pairs.left[n]!, pairs.right[n]!]
    let slot = hashOfPair(left, right) & mask & ~1
    while (table[2 * slot + 1] !== 0xffffffff) slot = (slot + 1) & mask
    table[2 * slot] = (left | (right << idBits)) >>> 0
    table[2 * slot + 1] = ((right >>> lowBits) | (pairs.become[n]! << shift)) >>> 0
  }
  return table
}

/** @returns what they become; -1: they stay apart */
export function joined(table: Uint32Array, left: number, right: number): number {
  const mask = (table.length >>> 1) - 1
  const low = (left | (right << idBits)) >>> 0
  const high = right >>> lowBits
  for (let slot = hashOfPair(left, right) & mask & ~1; ; slot = (slot + 1) & mask) {
    const found = table[2 * slot + 1]!
    if (found === 0xffffffff) return -1
    if (table[2 * slot] === low && (found & highMask) === high) return found >>> shift
  }
}

function hashOfPair(left: number, right: number): number {
  const mixed = Math.imul(left, first) + Math.imul(right, second)
  return Math.imul(mixed ^ (mixed >>> 15), first) >>> 8
}
