import type { Vocabulary } from './vocabulary.ts'

/** Rank and place of a pair in one number that sorts by rank, then from left to right: ranks are below 2^18, places below 2^32. */
const placeSpan = 2 ** 32

/** Looks at a pair or a part between two steps: some 5 ms. */
export const workPerStep = 2 ** 15

/**
 * Byte-pair encoding of one piece: again and again the leftmost pair of lowest rank becomes one token.
 * A heap holds the pairs, so that a piece of n bytes costs O(n log n), not n² as the textbook scan: a page may be one endless word.
 * It yields after each step, so that others need not wait for a long piece.
 * @param bytes one Latin-1 character per byte, at least two
 */
export function* mergePiece(bytes: string, { ranks, tokenBytesMax }: Vocabulary): Generator<undefined, number[]> {
  const length = bytes.length
  // Parts as a doubly linked list over their first byte; `next[length - 1]` and merged ends point to `length`.
  const next = new Uint32Array(length + 1)
  const previous = new Int32Array(length + 1)
  for (let at = 0; at <= length; at++) [next[at], previous[at]] = [at + 1, at - 1]
  /** Rank of the pair that starts at a part, -1 = no pair or no longer a part. */
  const pairRanks = new Int32Array(length).fill(-1)
  const heap = new MinHeap()

  const rankPair = (at: number): void => {
    const middle = next[at]!
    const end = middle < length ? next[middle]! : length + tokenBytesMax + 1
    const rank = end - at > tokenBytesMax ? undefined : ranks.get(bytes.slice(at, end))
    pairRanks[at] = rank ?? -1
    if (rank !== undefined) heap.push(rank * placeSpan + at)
  }
  let work = 0
  const isStep = (): boolean => ++work % workPerStep === 0
  for (let at = 0; at < length; at++) {
    rankPair(at)
    if (isStep()) yield
  }

  for (let pair = heap.pop(); pair !== undefined; pair = heap.pop()) {
    if (isStep()) yield
    const at = pair % placeSpan
    if (pairRanks[at] !== Math.floor(pair / placeSpan)) continue // a pair that a neighbour's merge has changed since
    const gone = next[at]!
    pairRanks[gone] = -1
    next[at] = next[gone]!
    previous[next[at]!] = at
    rankPair(at)
    if (previous[at]! >= 0) rankPair(previous[at]!)
  }

  const tokens: number[] = []
  for (let at = 0; at < length; at = next[at]!) {
    tokens.push(ranks.get(bytes.slice(at, next[at]))!)
    if (isStep()) yield
  }
  return tokens
}

class MinHeap {
  readonly #items: number[] = []

  push(item: number): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (items[parent]! <= item) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop(): number | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && items[child + 1]! < items[child]!) child++
      if (items[child]! >= last) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return top
  }
}
