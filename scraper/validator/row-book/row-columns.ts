import { wordless } from '#schemas/row-identity.ts'
import type { RowColumns } from '#schemas/row-list.ts'

/**
 * What is known of a row beside its list. `own`: its miner was the first to show it; `gone`: deleted; `repeat`: another row of its miner is of the same page or says
 * the same; `twin`: one that says the same. Two pages may have one fingerprint of 32 bits, and who owns a host can give many of its pages the same: that costs these pages,
 * and fails nobody who brings them.
 */
export const rowFlags = { own: 1, gone: 2, repeat: 4, twin: 8 } as const

/** The rows of one file, as they are kept: `hour` is that at which they were seen first, where that is the earlier. */
export interface BookColumns extends RowColumns {
  flags: Uint8Array
}

const wordNames = ['uri', 'text', 'sketch0', 'sketch1', 'hour', 'textBytes'] as const
const bookRowBytes = 4 * wordNames.length + 2 + 1

/** 27 bytes a row, in words of this machine: column by column. */
export function packColumns(columns: BookColumns): Uint8Array {
  const rows = columns.uri.length
  const bytes = new Uint8Array(rows * bookRowBytes)
  for (const [at, name] of wordNames.entries()) bytes.set(bytesOf(columns[name]), 4 * rows * at)
  bytes.set(bytesOf(columns.label), 4 * rows * wordNames.length)
  bytes.set(columns.flags, (4 * wordNames.length + 2) * rows)
  return bytes
}

export function unpackColumns(packed: Uint8Array): BookColumns {
  const rows = packed.length / bookRowBytes
  // SQLite gives bytes of its own, which begin where an array may.
  const bytes = packed.byteOffset % 4 === 0 ? packed : Uint8Array.from(packed)
  const words = (at: number) => new Uint32Array(bytes.buffer, bytes.byteOffset + 4 * rows * at, rows)
  return {
    uri: words(0),
    text: words(1),
    sketch0: words(2),
    sketch1: words(3),
    hour: words(4),
    textBytes: words(5),
    label: new Uint16Array(bytes.buffer, bytes.byteOffset + 24 * rows, rows),
    flags: bytes.subarray(26 * rows, 27 * rows),
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array | Uint16Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)

/** A text without a word. */
export const isWordless = ({ text, sketch0, sketch1 }: RowColumns, row: number): boolean =>
  text[row] === wordless.text && sketch0[row] === wordless.sketch0 && sketch1[row] === wordless.sketch1

export const isGone = ({ flags }: BookColumns, row: number): boolean => ((flags[row] as number) & rowFlags.gone) !== 0

/** Whether a row is paid for: its miner showed it first, and once, and it says something. */
export const counts = (columns: BookColumns, row: number): boolean => columns.flags[row] === rowFlags.own && !isWordless(columns, row)

/** The n-th of the rows that count. */
export function nthRow(columns: BookColumns, nth: number): number {
  let left = nth
  for (let row = 0; row < columns.uri.length; row++) if (counts(columns, row) && left-- === 0) return row
  throw new RangeError(`there is no row ${nth} of those that count`)
}

/** The row that counts in whose text the n-th byte of theirs stands. */
export function rowAtByte(columns: BookColumns, nth: number): number {
  let left = nth
  for (let row = 0; row < columns.uri.length; row++) {
    if (!counts(columns, row)) continue
    left -= columns.textBytes[row] as number
    if (left < 0) return row
  }
  throw new RangeError(`there is no byte ${nth} of the rows that count`)
}
