import { createHash } from 'node:crypto'

/** Rows of a file that may be drawn, and the bytes of their texts. */
export interface DrawFile {
  rows: number
  bytes: number
}

/** The n-th row that may be drawn of a file, or the one in whose text the n-th byte of them stands. */
export interface Pick {
  file: number
  nth: number
  by: 'rows' | 'bytes'
}

/** Each third row is drawn by the bytes of its text, so that what is paid by bytes cannot stand in few large rows; the others are equal. */
const bytesEach = 3
/** Of the looks. */
export const shareByRows = 1 - 1 / bytesEach

/**
 * The seed of a draw: sha256 of `blockHash|hotkey|index`, hex. The index is what was committed; the block came after it, so nobody knew it, and anybody can repeat
 * the draw.
 * @param blockHash 0x + 64 hex @param index 64 hex, the content address of the index
 */
export const drawSeed = (blockHash: string, hotkey: string, index: string): string =>
  createHash('sha256').update(`${blockHash}|${hotkey}|${index}`).digest('hex')

/**
 * An endless draw over the rows of files, in the order given; what was drawn before may come again. The i-th number is the first 48 bits of sha256(`seed|i`), taken
 * when it falls below the largest multiple of the number of rows (or bytes), modulo that.
 */
export function* drawPicks(seed: string, files: readonly DrawFile[]): Generator<Pick> {
  const ends = { rows: endsOf(files, 'rows'), bytes: endsOf(files, 'bytes') }
  if ((ends.rows.at(-1) ?? 0) === 0) return
  for (let i = 0; ; i++) {
    const by = i % bytesEach === bytesEach - 1 && (ends.bytes.at(-1) ?? 0) > 0 ? 'bytes' : 'rows'
    const total = ends[by].at(-1) as number
    const value = createHash('sha256').update(`${seed}|${i}`).digest().readUIntBE(0, 6)
    if (value >= 2 ** 48 - (2 ** 48 % total)) continue
    const file = firstAbove(ends[by], value % total)
    yield { file, nth: (value % total) - (file === 0 ? 0 : (ends[by][file - 1] as number)), by }
  }
}

function endsOf(files: readonly DrawFile[], by: 'rows' | 'bytes'): number[] {
  let end = 0
  return files.map((file) => (end += file[by]))
}

/** The first place whose value is above. */
function firstAbove(ends: readonly number[], value: number): number {
  let [from, to] = [0, ends.length - 1]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((ends[middle] as number) > value) to = middle
    else from = middle + 1
  }
  return from
}
