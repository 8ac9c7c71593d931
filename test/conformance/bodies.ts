import { createHash } from 'node:crypto'

/** The bytes that belong to a key in these tests, 1..65,536 of them: any process can say whether an object is whole. */
export function bodyOf(key: string): Uint8Array {
  const seed = createHash('sha256').update(key).digest()
  const bytes = 1 + seed.readUInt16LE(0)
  return new Uint8Array(createHash('shake256', { outputLength: bytes }).update(seed).digest())
}
