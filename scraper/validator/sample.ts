import { createHash } from 'node:crypto'
import { compareText } from '#schemas/compare-text.ts'

/** One file a miner claims. */
export interface ClaimedFile {
  key: string
  bytes: number
  rows: number
}

/** A row of a file, by its place in it. */
export interface SampledRow {
  key: string
  row: number
}

/**
 * The committed draw: sha256 of `blockHash|hotkey|` and the sorted `key:size` of all files, joined by `|`, in hex. Nobody knows the block's hash
 * while the files are made, and anybody can repeat the draw afterwards.
 * @param blockHash 0x + 64 hex, of the block ten before the evaluation
 */
export function sampleSeed(blockHash: string, hotkey: string, files: readonly ClaimedFile[]): string {
  const claims = files.map(({ key, bytes }) => `${key}:${bytes}`).toSorted()
  return createHash('sha256')
    .update([blockHash, hotkey, ...claims].join('|'))
    .digest('hex')
}

/**
 * `count` different rows, each as likely as any other over all files, not only at their heads; all rows when there are fewer.
 * The rows are numbered through the files sorted by key. The i-th number drawn is the first 48 bits of sha256(`seed|i`), taken when it falls
 * below the largest multiple of the number of rows, modulo that number; one drawn before is passed over.
 * Returned by key, then row.
 */
export function drawSample(seed: string, files: readonly ClaimedFile[], count: number): SampledRow[] {
  const sorted = files.toSorted((a, b) => compareText(a.key, b.key))
  const total = sorted.reduce((sum, { rows }) => sum + rows, 0)
  const ordinals = total <= count ? Array.from({ length: total }, (_, ordinal) => ordinal) : drawOrdinals(seed, total, count)
  const sample: SampledRow[] = []
  let [first, at] = [0, 0]
  for (const { key, rows } of sorted) {
    for (; at < ordinals.length && (ordinals[at] as number) < first + rows; at++) sample.push({ key, row: (ordinals[at] as number) - first })
    first += rows
  }
  return sample
}

function drawOrdinals(seed: string, total: number, count: number): number[] {
  const range = 2 ** 48 - (2 ** 48 % total)
  const drawn = new Set<number>()
  for (let i = 0; drawn.size < count; i++) {
    const value = createHash('sha256').update(`${seed}|${i}`).digest().readUIntBE(0, 6)
    if (value < range) drawn.add(value % total)
  }
  return [...drawn].toSorted((a, b) => a - b)
}
