import { fmix32 } from '#schemas/fmix32.ts'

/** Counts of pairs of u32, in an open-addressing hash table with linear probing. */
export interface Pairs {
  readonly size: number
  /** 0 when never counted. */
  count(first: number, second: number): number
  /** The count after adding one; 0 when the pair is new and the table is full. */
  add(first: number, second: number): number
}

const slotsAtFirst = 2 ** 16
/** Three u32 in a slot: 48 MiB, and 24 MiB more while the table doubles the last time. */
const slotsAtMost = 2 ** 22
const load = 0.7

/** @param slotsMax a power of two; the table holds at most 0.7 of it */
export function openPairs(slotsMax = slotsAtMost): Pairs {
  let slots = Math.min(slotsAtFirst, slotsMax)
  let firsts = new Uint32Array(slots)
  let seconds = new Uint32Array(slots)
  /** 0 = free: a pair is there from its first count on. */
  let counts = new Uint32Array(slots)
  let size = 0

  /** Where the pair is, or the free slot where it would go. */
  function slotOf(first: number, second: number): number {
    const mask = slots - 1
    let slot = hash(first, second) & mask
    while (counts[slot] !== 0 && (firsts[slot] !== first || seconds[slot] !== second)) slot = (slot + 1) & mask
    return slot
  }

  function grow(): void {
    const [oldFirsts, oldSeconds, oldCounts] = [firsts, seconds, counts]
    slots *= 2
    firsts = new Uint32Array(slots)
    seconds = new Uint32Array(slots)
    counts = new Uint32Array(slots)
    for (let old = 0; old < oldCounts.length; old++) if (oldCounts[old] !== 0) put(oldFirsts[old]!, oldSeconds[old]!, oldCounts[old]!)
  }

  function put(first: number, second: number, count: number): void {
    const slot = slotOf(first, second)
    firsts[slot] = first
    seconds[slot] = second
    counts[slot] = count
  }

  return {
    get size() {
      return size
    },
    count: (first, second) => counts[slotOf(first, second)]!,
    add(first, second) {
      const slot = slotOf(first, second)
      if (counts[slot] !== 0) return ++counts[slot]!
      if (size >= slots * load) {
        if (slots >= slotsMax) return 0
        grow()
      }
      put(first, second, 1)
      size++
      return 1
    },
  }
}

/** Both words through the finalizer of MurmurHash3. */
const hash = (first: number, second: number): number => fmix32(Math.imul(first, 0x9e3779b1) ^ second)
