import { fmix32 } from '#schemas/fmix32.ts'

/** A whole number below 2^53 of a text: FNV-1a and a second lane over the UTF-16 code units, each finished with MurmurHash3's fmix32. Not secret. */
export function doubleHash(text: string): number {
  let [a, b] = [0x811c9dc5, 0x9747b28c]
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x5bd1e995) ^ (b >>> 15)
  }
  return (fmix32(a) & 0x1f_ffff) * 2 ** 32 + fmix32(b)
}
