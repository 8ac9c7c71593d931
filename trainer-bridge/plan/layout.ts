import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { ShardLayout } from '#schemas/token-list.ts'
import type { Gaps } from './gaps.ts'
import { packDocuments, type Chunk } from './packing.ts'
import { readNamed } from './skipped.ts'

/**
 * Which tokens of a shard make up rows. As an object, u32, little-endian:
 *
 * | what | words |
 * |---|---|
 * | rows, 0 for a stream | 1 |
 * | runs up to the end of each row | rows |
 * | first token and tokens of each run | 2 × runs |
 */
export class Layout {
  readonly #rowEnds: Uint32Array
  readonly #runs: Uint32Array
  /** Tokens before each run. */
  readonly #before: Float64Array
  /** Tokens of a stream, rows of what is packed. */
  readonly size: number

  constructor(rowEnds: Uint32Array, runs: Uint32Array) {
    this.#rowEnds = rowEnds
    this.#runs = runs
    this.#before = new Float64Array(runs.length / 2)
    let tokens = 0
    for (let run = 0; run < this.#before.length; run++) {
      this.#before[run] = tokens
      tokens += runs[2 * run + 1] as number
    }
    this.size = rowEnds.length > 0 ? rowEnds.length : tokens
  }

  get bytes(): number {
    return 2 * this.#runs.byteLength + this.#rowEnds.byteLength
  }

  /** Runs of a packed row. */
  row(row: number): Chunk[] {
    const [from, to] = [row === 0 ? 0 : (this.#rowEnds[row - 1] as number), this.#rowEnds[row] as number]
    return Array.from({ length: to - from }, (_, n) => this.#run(from + n))
  }

  /** Runs of `tokens` of the stream from its token `start` on. */
  stretch(start: number, tokens: number): Chunk[] {
    const chunks: Chunk[] = []
    let [at, left] = [start, tokens]
    for (let run = countUpTo(this.#before, start) - 1; left > 0; run++) {
      const { start: first, tokens: length } = this.#run(run)
      const skip = at - (this.#before[run] as number)
      const taken = Math.min(left, length - skip)
      chunks.push({ start: first + skip, tokens: taken })
      at += taken
      left -= taken
    }
    return chunks
  }

  /** Parts of the stream (first token, token after the last) that lie in gaps; of what is packed, rows that meet any. */
  *touched(gaps: Gaps): Generator<[number, number]> {
    if (this.#rowEnds.length > 0) {
      for (let row = 0; row < this.#rowEnds.length; row++) if (this.row(row).some(({ start, tokens }) => gaps.meet(start, tokens))) yield [row, row + 1]
      return
    }
    for (let run = 0; run < this.#before.length; run++) {
      const { start, tokens } = this.#run(run)
      const before = (this.#before[run] as number) - start
      for (const [from, to] of gaps.within(start, start + tokens)) yield [before + from, before + to]
    }
  }

  async write(store: Pick<ObjectStore, 'put'>, prefix: string): Promise<ShardLayout> {
    const words = [Uint32Array.of(this.#rowEnds.length), this.#rowEnds, this.#runs]
    const bytes = new Uint8Array(4 * words.reduce((sum, part) => sum + part.length, 0))
    const view = new DataView(bytes.buffer)
    let at = 0
    for (const part of words) for (const word of part) view.setUint32(4 * at++, word, true)
    const sha256 = sha256Hex(bytes)
    const key = `${prefix}${sha256}.layout`
    await store.put(key, bytes)
    return { key, sha256, bytes: bytes.length, size: this.size }
  }

  #run(run: number): Chunk {
    return { start: this.#runs[2 * run] as number, tokens: this.#runs[2 * run + 1] as number }
  }
}

/** @throws OrreryError `data_unreadable` when the object is not what its list says; what the store throws */
export async function readLayout(store: Pick<ObjectStore, 'get'>, object: ShardLayout): Promise<Layout> {
  const bytes = await readNamed(store, object)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const words = (from: number, to: number): Uint32Array => Uint32Array.from({ length: to - from }, (_, n) => view.getUint32(4 * (from + n), true))
  const runsAt = 1 + view.getUint32(0, true)
  return new Layout(words(1, runsAt), words(runsAt, bytes.length / 4))
}

/** The kept documents one after the other. @param documents of a shard, in their order */
export function streamLayout(documents: readonly Chunk[]): Layout {
  const runs: number[] = []
  let end = -1
  for (const { start, tokens } of documents) {
    if (start === end) runs[runs.length - 1] = (runs.at(-1) as number) + tokens
    else runs.push(start, tokens)
    end = start + tokens
  }
  return new Layout(new Uint32Array(), Uint32Array.from(runs))
}

/** The kept documents packed into rows. */
export function packedLayout(documents: readonly Chunk[], rowTokens: number): Layout {
  const rows = packDocuments(documents, rowTokens)
  let runs = 0
  const ends = rows.map((row) => (runs += row.length))
  return new Layout(Uint32Array.from(ends), Uint32Array.from(rows.flatMap((row) => row.flatMap(({ start, tokens }) => [start, tokens]))))
}

/** How many of the rising numbers are at most `value`. */
export function countUpTo(rising: { readonly length: number; readonly [n: number]: number }, value: number): number {
  let [low, high] = [0, rising.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] as number) <= value) low = middle + 1
    else high = middle
  }
  return low
}
