/**
 * One bit of each of the 112 values of a MinHash signature, 19 characters of base64url: enough to tell whether a text is the same as before, and small
 * enough to be remembered of every page (Li & König, "b-Bit Minwise Hashing", WWW 2010: two texts of similarity J agree in (1 + J) / 2 of the bits).
 * @param signature 112 u32, little-endian (schemas/identity/minhash.ts)
 */
export function textSketch(signature: Uint8Array): string {
  const bits = new Uint8Array(sketchBytes)
  for (let i = 0; i < signature.length / 4; i++) bits[i >> 3] = (bits[i >> 3] ?? 0) | (((signature[i * 4] ?? 0) & 1) << (i & 7))
  return Buffer.from(bits).toString('base64url')
}

const sketchBytes = 14
/** Of 112: what a similarity of 0.9 leaves apart. */
const differentMax = 6

/** Whether two sketches are of texts that differ in next to nothing, such as their date. */
export function isSameSketch(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'base64url'), Buffer.from(b, 'base64url')]
  if (left.length !== sketchBytes || right.length !== sketchBytes) return false
  let different = 0
  for (const [i, byte] of left.entries()) for (let bits = byte ^ (right[i] ?? 0); bits !== 0; bits &= bits - 1) different++
  return different <= differentMax
}
