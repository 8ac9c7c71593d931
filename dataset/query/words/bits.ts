/** Sets of numbers: bit n & 31 of word n >>> 5 says whether n is in it. A set ends where its words do. */

/** Numbers of a word. */
export const wordRows = 32

/** The bit of a number in its word. */
export const bitOf = (number: number): number => 1 << (number & 31)

/** The place of the lowest bit that is set, 0..31. */
export const lowestOf = (word: number): number => 31 - Math.clz32(word & -word)

/** How many bits of a word are set. */
export function countBits(word: number): number {
  let left = word - ((word >>> 1) & 0x55555555)
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333)
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** How many numbers are in a set. */
export function countAll(bits: Uint32Array): number {
  let count = 0
  for (const word of bits) if (word !== 0) count += countBits(word)
  return count
}

/** Leaves in a set what the other has as well. */
export function meet(bits: Uint32Array, other: Uint32Array): void {
  const common = Math.min(bits.length, other.length)
  for (let n = 0; n < common; n++) bits[n] = (bits[n] as number) & (other[n] as number)
  bits.fill(0, common)
}

/** Whether two sets have a number in common. */
export function doMeet(bits: Uint32Array, other: Uint32Array): boolean {
  for (let n = 0; n < bits.length && n < other.length; n++) if (((bits[n] as number) & (other[n] as number)) !== 0) return true
  return false
}

/** Visits the numbers of a set, rising. What the visitor takes out of the words it has passed, or is at, is no matter. */
export function eachNumber(bits: Uint32Array, visit: (number: number) => void): void {
  for (let n = 0; n < bits.length; n++) for (let left = bits[n] as number; left !== 0; left &= left - 1) visit(n * wordRows + lowestOf(left))
}
