/** MurmurHash3's finalizer (fmix32, Austin Appleby): each bit of a 32-bit word comes to hang on every other. One to one. @returns 0..2^32 − 1 */
export function fmix32(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
