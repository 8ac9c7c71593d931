import { cellBounds, type Bounds } from './bounds.ts'
import { plainCells, type PlainCell } from './cells.ts'
import type { ColumnCells } from './chunk.ts'
import type { Leaf } from './columns.ts'

/** The distinct values of a column chunk in the order of their first rows, and for each row which one it has. */
export interface Dictionary {
  distinct: PlainCell[]
  /** One for each row; 0 where the row has no value. */
  indexes: Uint16Array
  /** Bits of an index; never 0, which some readers refuse. */
  width: number
}

/** So many rows, or all when there are fewer, say whether values repeat. */
const rowsToJudge = 1_000
/** An index has two bytes. */
const placesMax = 2 ** 16

/** @returns undefined when about half of the rows have values of their own: then a dictionary costs more than it saves; or when none has a value, or one is not a number */
export function buildDictionary({ column, cells }: ColumnCells): Dictionary | undefined {
  const toPlain = plainCells(column)
  const places = new Map<PlainCell, number>()
  const indexes = new Uint16Array(cells.length)
  let [last, lastPlace]: [PlainCell | null, number] = [null, 0]
  for (let row = 0; row < cells.length; row++) {
    const cell = toPlain(cells[row] ?? null)
    if (cell === null) continue
    // It stands in no order.
    if (Number.isNaN(cell)) return undefined
    if (cell !== last) {
      lastPlace = places.get(cell) ?? places.size
      if (lastPlace === places.size) places.set(cell, lastPlace)
      if (places.size > Math.max(1, Math.min(cells.length, Math.max(rowsToJudge, row)) / 2) || places.size > placesMax) return undefined
      last = cell
    }
    indexes[row] = lastPlace
  }
  if (places.size === 0) return undefined
  return { distinct: [...places.keys()], indexes, width: Math.max(1, 32 - Math.clz32(places.size - 1)) }
}

/** The bounds of any stretch of rows; its values are compared once for all stretches. */
export function dictionaryBounds({ kind }: Leaf, { distinct }: Dictionary): (indexes: Uint16Array) => Bounds | undefined {
  const sorted =
    kind === 'string' || kind === 'json'
      ? sortedTexts(distinct as string[])
      : distinct.map((_, n) => n).sort((a, b) => (distinct[a] as number) - (distinct[b] as number))
  const ranks = new Uint16Array(distinct.length)
  sorted.forEach((cell, rank) => (ranks[cell] = rank))
  return (indexes) => {
    let [least, greatest] = [distinct.length, -1]
    for (const index of indexes) {
      const rank = ranks[index] as number
      if (rank < least) least = rank
      if (rank > greatest) greatest = rank
    }
    return greatest < 0
      ? undefined
      : cellBounds(kind, distinct[sorted[least] as number] as string | number, distinct[sorted[greatest] as number] as string | number)
  }
}

function sortedTexts(texts: readonly string[]): number[] {
  const bytes = texts.map((text) => Buffer.from(text))
  return texts.map((_, n) => n).sort((a, b) => Buffer.compare(bytes[a] as Buffer, bytes[b] as Buffer))
}
