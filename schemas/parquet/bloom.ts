/** False positives a reader must expect, at most. */
const falsePositives = 0.01
const salts = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31]

/**
 * A split block bloom filter (parquet-format BloomFilter.md) of `count` hashes, low half before high half, sized for as many distinct values:
 * m = −8 n ÷ ln(1 − p^(1/8)) bits, rounded up to a power of two.
 * @returns its blocks of 32 bytes, little-endian
 */
export function bloomFilter(hashes: Uint32Array, count: number): Uint8Array {
  const bits = (-8 * count) / Math.log(1 - falsePositives ** (1 / 8))
  const blocks = 2 ** Math.max(0, Math.ceil(Math.log2(bits / 256)))
  const words = new Uint32Array(8 * blocks)
  for (let n = 0; n < count; n++) {
    const low = hashes[2 * n] as number
    const high = hashes[2 * n + 1] as number
    // The high half × blocks ÷ 2^32, exact: there are at most 2^21 blocks.
    const block = 8 * Math.floor((high * blocks) / 2 ** 32)
    for (let word = 0; word < 8; word++) words[block + word] = (words[block + word] as number) | (1 << (Math.imul(low, salts[word] as number) >>> 27))
  }
  return littleEndian(words)
}

function littleEndian(words: Uint32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(words.byteLength))
  words.forEach((word, n) => bytes.setUint32(4 * n, word, true))
  return new Uint8Array(bytes.buffer)
}
