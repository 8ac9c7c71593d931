import { hashBytes, leafHash, merkleRoot, type Hash } from './merkle.ts'

/** What one sum of a token shard covers, bytes: whoever wants a window reads and checks the blocks that it touches. */
export const sumBlockBytes = 2 ** 16

/** The sums of a token shard, or of a run of its blocks: each is a leaf of the tree (merkle.ts) whose root its list names (`blocks_root` in token-list.ts). */
export function blockSums(summed: Uint8Array): Hash[] {
  return Array.from({ length: Math.ceil(summed.length / sumBlockBytes) }, (_, i) => leafHash(summed.subarray(i * sumBlockBytes, (i + 1) * sumBlockBytes)))
}

/** The root of block sums that stand one behind the other, lower-case hex. */
export function rootOfSums(sums: Uint8Array): string {
  const leaves = Array.from({ length: Math.floor(sums.length / hashBytes) }, (_, i) => sums.subarray(i * hashBytes, (i + 1) * hashBytes))
  return Buffer.from(merkleRoot(leaves)).toString('hex')
}
