import { createHash } from 'node:crypto'
import { OrreryError } from '#schemas/errors.ts'
import { fmix32 } from '#schemas/fmix32.ts'

/** A bijection of 0..size-1 onto itself, in O(1) memory. */
export interface Permutation {
  readonly size: number
  at(index: number): number
  /** The inverse of `at`. */
  indexOf(value: number): number
}

const rounds = 8
/** Half-blocks of 26 bits keep every intermediate an exact double. */
const sizeMax = 2 ** 52

/**
 * A keyed order of 0..size-1: a balanced Feistel network of 8 rounds over the least even number of bits that holds `size`,
 * walked along its cycle until it lands below `size` (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002; fewer than 4 steps on average).
 * Round r: (L, R) → (R, L ⊕ F(R ⊕ k_r)), F = the 32-bit finalizer of MurmurHash3, cut to the half's width;
 * k_0..k_7 = the little-endian words of sha256("orrery/permutation/1\n" + key). An order, not a cipher: nothing is secret.
 * @param size 1..2^52
 */
export function keyedPermutation(size: number, key: string): Permutation {
  if (!Number.isSafeInteger(size) || size < 1 || size > sizeMax)
    throw new OrreryError('invalid_argument', `A permutation of ${size} things cannot be made; give a whole number from 1 to 2^52.`, { size })
  const halfBits = halfWidth(size)
  const keys = keyWords('permutation/1', key, rounds)
  const forward = (value: number): number => encipher(value, halfBits, keys)
  const backward = (value: number): number => decipher(value, halfBits, keys)
  return {
    size,
    at: (index) => walk(index, size, forward),
    indexOf: (value) => walk(value, size, backward),
  }
}

function walk(from: number, size: number, step: (value: number) => number): number {
  if (!Number.isInteger(from) || from < 0 || from >= size)
    throw new OrreryError('invalid_argument', `${from} is outside the permutation of 0..${size - 1}.`, { from, size })
  let value = step(from)
  while (value >= size) value = step(value)
  return value
}

function halfWidth(size: number): number {
  let halfBits = 1
  while (4 ** halfBits < size) halfBits++
  return halfBits
}

/** The first little-endian words, at most eight, of sha256("orrery/{use}\n" + key). */
export function keyWords(use: string, key: string, count: number): Uint32Array {
  const digest = createHash('sha256').update(`orrery/${use}\n${key}`).digest()
  return Uint32Array.from({ length: count }, (_, word) => digest.readUInt32LE(4 * word))
}

function encipher(value: number, halfBits: number, keys: Uint32Array): number {
  const half = 2 ** halfBits
  let left = (value / half) | 0
  let right = (value - left * half) | 0
  for (let round = 0; round < rounds; round++) {
    const mixed = left ^ (fmix32(right ^ (keys[round] as number)) & (half - 1))
    left = right
    right = mixed
  }
  return left * half + right
}

function decipher(value: number, halfBits: number, keys: Uint32Array): number {
  const half = 2 ** halfBits
  let left = (value / half) | 0
  let right = (value - left * half) | 0
  for (let round = rounds - 1; round >= 0; round--) {
    const mixed = right ^ (fmix32(left ^ (keys[round] as number)) & (half - 1))
    right = left
    left = mixed
  }
  return left * half + right
}
