import { keyOrder } from '#infra/runs/key-order.ts'
import { equalBits, nearBitsMin } from '#schemas/row-identity.ts'
import { isGone, isWordless, rowFlags, type BookColumns } from './row-columns.ts'

/** Rows whose keys are sorted at once: what is in memory beside the flags are 24 bytes of each. */
const partRows = 2 ** 20
/** Texts under one key that are compared with the next; more are as many pages of one mould. */
const sketchesMax = 64

/** The files of one miner, oldest first. */
export interface BookFile {
  rows: number
  columns(): BookColumns
}

/**
 * Finds the rows that say what one before them says: the same page, or nearly the same text. Goes through all rows of a miner as often as there are millions of them,
 * twice.
 * @returns flags (row-columns.ts) of all rows, file behind file
 */
export function findRepeats(files: readonly BookFile[]): Uint8Array {
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  const repeats = new Uint8Array(rows)
  const parts = Math.max(1, Math.ceil(rows / partRows))
  for (const key of ['uri', 'text'] as const)
    for (let part = 0; part < parts; part++) {
      const entries = gather(files, key, part, parts)
      mark(entries, repeats, key === 'text')
    }
  return repeats
}

const entryWords = 4

/** Key, place among all rows and sketch of the rows of one part that are left. */
function gather(files: readonly BookFile[], key: 'uri' | 'text', part: number, parts: number): Uint32Array {
  let entries = new Uint32Array(entryWords * 1024)
  let [length, first] = [0, 0]
  for (const file of files) {
    const columns = file.columns()
    for (let row = 0; row < file.rows; row++) {
      const value = columns[key][row] as number
      if (value % parts !== part || isGone(columns, row) || (key === 'text' && isWordless(columns, row))) continue
      if (length === entries.length) {
        const larger = new Uint32Array(2 * length)
        larger.set(entries)
        entries = larger
      }
      entries[length] = value
      entries[length + 1] = first + row
      entries[length + 2] = columns.sketch0[row] as number
      entries[length + 3] = columns.sketch1[row] as number
      length += entryWords
    }
    first += file.rows
  }
  return entries.subarray(0, length)
}

function mark(entries: Uint32Array, repeats: Uint8Array, isOfText: boolean): void {
  let kept: number[] = []
  let key = -1
  for (const at of keyOrder(entries, entryWords, 1)) {
    if (entries[at] !== key) kept = []
    key = entries[at] as number
    const row = entries[at + 1] as number
    const isTwin = kept.some((other) => common(entries, at, other) >= nearBitsMin.text)
    if (isTwin) repeats[row] = rowFlags.repeat | rowFlags.twin
    else if (kept.length > 0 && !isOfText) repeats[row] = (repeats[row] as number) | rowFlags.repeat
    if (!isTwin && kept.length < sketchesMax) kept.push(at)
  }
}

const common = (entries: Uint32Array, a: number, b: number): number =>
  equalBits(entries[a + 2] as number, entries[b + 2] as number) + equalBits(entries[a + 3] as number, entries[b + 3] as number)

export function setRepeats(columns: BookColumns, repeats: Uint8Array): void {
  const others = ~(rowFlags.repeat | rowFlags.twin)
  for (let row = 0; row < repeats.length; row++) columns.flags[row] = ((columns.flags[row] as number) & others) | (repeats[row] as number)
}
