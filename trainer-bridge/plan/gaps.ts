/** Runs of tokens of one shard that must not be trained: those of deleted documents. */
export class Gaps {
  /** First token, token after the last, of each run; rising, no two runs touch. */
  readonly #edges: Float64Array

  /** @param documents that are gone, rising @param ends token after each document of the shard */
  constructor(documents: Iterable<number>, ends: Float64Array) {
    const edges: number[] = []
    for (const document of documents) {
      const end = ends[document]
      if (end === undefined) break
      const start = document === 0 ? 0 : (ends[document - 1] as number)
      if (edges.at(-1) === start) edges[edges.length - 1] = end
      else edges.push(start, end)
    }
    this.#edges = Float64Array.from(edges)
  }

  get bytes(): number {
    return this.#edges.byteLength
  }

  /** Whether there is one among these. */
  meet(start: number, tokens: number): boolean {
    const edge = this.#firstBeyond(start)
    // Odd: `start` lies in a run.
    return edge % 2 === 1 || (this.#edges[edge] ?? Infinity) < start + tokens
  }

  /** Those among the tokens `start` … `end - 1`: first token, token after the last, of each run. */
  *within(start: number, end: number): Generator<[number, number]> {
    for (let edge = this.#firstBeyond(start) & ~1; edge < this.#edges.length && (this.#edges[edge] as number) < end; edge += 2)
      yield [Math.max(start, this.#edges[edge] as number), Math.min(end, this.#edges[edge + 1] as number)]
  }

  #firstBeyond(token: number): number {
    let [low, high] = [0, this.#edges.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#edges[middle] as number) <= token) low = middle + 1
      else high = middle
    }
    return low
  }
}
