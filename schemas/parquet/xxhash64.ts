/**
 * XXH64 with seed 0 (xxHash specification §XXH64) of `bytes[start, start + length)`, in halves of 32 bits: the same in BigInts costs ten times as much.
 * Writes the low half to `out[at]`, the high half to `out[at + 1]`.
 */
export function xxhash64(bytes: Uint8Array, start: number, length: number, out: Uint32Array, at: number): void {
  const end = start + length
  let from = start
  if (length >= 32) {
    from = stripes(bytes, start, end)
  } else {
    hashHi = p5Hi
    hashLo = p5Lo
  }
  addToHash(0, length)
  for (; from + 8 <= end; from += 8) {
    round(0, 0, read32(bytes, from + 4), read32(bytes, from))
    hashHi ^= hi
    hashLo ^= lo
    rotate(hashHi, hashLo, 27)
    multiply(hi, lo, p1Hi, p1Lo)
    hashHi = hi
    hashLo = lo
    addToHash(p4Hi, p4Lo)
  }
  if (from + 4 <= end) {
    multiply(0, read32(bytes, from), p1Hi, p1Lo)
    xorRotateMultiply(23, p2Hi, p2Lo)
    addToHash(p3Hi, p3Lo)
    from += 4
  }
  for (; from < end; from++) {
    multiply(0, bytes[from] as number, p5Hi, p5Lo)
    xorRotateMultiply(11, p1Hi, p1Lo)
  }
  avalanche()
  out[at] = hashLo
  out[at + 1] = hashHi
}

const [p1Hi, p1Lo] = [0x9e3779b1, 0x85ebca87]
const [p2Hi, p2Lo] = [0xc2b2ae3d, 0x27d4eb4f]
const [p3Hi, p3Lo] = [0x165667b1, 0x9e3779f9]
const [p4Hi, p4Lo] = [0x85ebca77, 0xc2b2ae63]
const [p5Hi, p5Lo] = [0x27d4eb2f, 0x165667c5]

/** The halves of the last result; a pair to return would be an object for each step. */
let [hi, lo] = [0, 0]
let [hashHi, hashLo] = [0, 0]
/** The four lanes, high half before low half. */
const lanes = new Int32Array(8)

/** Takes all whole stripes of 32 bytes. @returns where they end */
function stripes(bytes: Uint8Array, start: number, end: number): number {
  // prime 1 + prime 2, prime 2, 0, −prime 1.
  lanes.set([0x60ea27ee, 0xadc0b5d6, p2Hi, p2Lo, 0, 0, 0x61c8864e, 0x7a143579])
  let from = start
  for (; from + 32 <= end; from += 32) {
    for (let lane = 0; lane < 8; lane += 2) {
      const word = from + 4 * lane
      round(lanes[lane] as number, lanes[lane + 1] as number, read32(bytes, word + 4), read32(bytes, word))
      lanes[lane] = hi
      lanes[lane + 1] = lo
    }
  }
  hashHi = hashLo = 0
  for (let lane = 0; lane < 4; lane++) {
    rotate(lanes[2 * lane] as number, lanes[2 * lane + 1] as number, turns[lane] as number)
    addToHash(hi, lo)
  }
  for (let lane = 0; lane < 8; lane += 2) {
    round(0, 0, lanes[lane] as number, lanes[lane + 1] as number)
    multiply(hashHi ^ hi, hashLo ^ lo, p1Hi, p1Lo)
    hashHi = hi
    hashLo = lo
    addToHash(p4Hi, p4Lo)
  }
  return from
}

const turns = [1, 7, 12, 18]

/** `(hi, lo)` = rotate(accumulator + word × prime 2, 31) × prime 1. */
function round(accumulatorHi: number, accumulatorLo: number, wordHi: number, wordLo: number): void {
  multiply(wordHi, wordLo, p2Hi, p2Lo)
  const sum = (lo >>> 0) + (accumulatorLo >>> 0)
  rotate((hi + accumulatorHi + (sum > 0xffffffff ? 1 : 0)) | 0, sum | 0, 31)
  multiply(hi, lo, p1Hi, p1Lo)
}

/** hash = rotate(hash ^ (hi, lo), turn) × factor. */
function xorRotateMultiply(turn: number, factorHi: number, factorLo: number): void {
  rotate(hashHi ^ hi, hashLo ^ lo, turn)
  multiply(hi, lo, factorHi, factorLo)
  hashHi = hi
  hashLo = lo
}

function avalanche(): void {
  // hash ^= hash >>> 33, then × prime 2, >>> 29, × prime 3, >>> 32.
  multiply(hashHi, hashLo ^ (hashHi >>> 1), p2Hi, p2Lo)
  hashLo = lo ^ ((lo >>> 29) | (hi << 3))
  hashHi = hi ^ (hi >>> 29)
  multiply(hashHi, hashLo, p3Hi, p3Lo)
  hashHi = hi
  hashLo = lo ^ hi
}

function addToHash(addHi: number, addLo: number): void {
  const sum = (hashLo >>> 0) + (addLo >>> 0)
  hashHi = (hashHi + addHi + (sum > 0xffffffff ? 1 : 0)) | 0
  hashLo = sum | 0
}

/** By 1 to 31 bits. */
function rotate(aHi: number, aLo: number, turn: number): void {
  hi = (aHi << turn) | (aLo >>> (32 - turn))
  lo = (aLo << turn) | (aHi >>> (32 - turn))
}

/** The low 64 bits of the product. */
function multiply(aHi: number, aLo: number, bHi: number, bLo: number): void {
  const a0 = aLo & 0xffff
  const a1 = aLo >>> 16
  const b0 = bLo & 0xffff
  const b1 = bLo >>> 16
  const low = Math.imul(a0, b0) >>> 0
  // At most (2^16 − 1)² + 2^16: it fits in 32 bits.
  const middle = (Math.imul(a1, b0) >>> 0) + (low >>> 16)
  const other = (Math.imul(a0, b1) >>> 0) + (middle & 0xffff)
  lo = (other << 16) | (low & 0xffff)
  hi = (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16) + Math.imul(aHi, bLo) + Math.imul(aLo, bHi)) | 0
}

function read32(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
}
