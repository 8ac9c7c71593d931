import { createHash } from 'node:crypto'

/**
 * Batches that a validator holds a node's loss against: drawn by the plan and the name of the node from those that it was not given, so that whoever knows the plan
 * finds the same ones, and nobody can choose them. A node that trained has a lower loss on what it was given than on these; whether it trained is not proven by it.
 * @param assigned what the node was given
 * @returns at most `count`, none twice; fewer where there are no more
 */
export function controlBatches(
  planId: string,
  node: string,
  { assigned, batches, count }: { assigned: ReadonlySet<number>; batches: number; count: number },
): number[] {
  const drawn = new Set<number>()
  const wanted = Math.min(count, batches - assigned.size)
  for (let n = 0; drawn.size < wanted; n++) {
    const digest = createHash('sha256').update(`${planId}\n${n}\n${node}`).digest()
    // 48 bits: the rest of a division by 2^32 batches is even to one part in 65,536.
    let batch = digest.readUIntBE(0, 6) % batches
    while (assigned.has(batch) || drawn.has(batch)) batch = (batch + 1) % batches
    drawn.add(batch)
  }
  return [...drawn]
}
