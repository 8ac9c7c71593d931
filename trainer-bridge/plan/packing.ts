/** Tokens of one document, or of a part of it. */
export interface Chunk {
  start: number
  tokens: number
}

/** Documents that are packed together: a group is packed by itself, so that rows follow from it alone. */
const groupDocuments = 4096
/** Room and row of a row that is still open are one number. */
const byRoom = 2 ** 26

/**
 * Packs documents into rows of `capacity` tokens: one that is longer is cut into parts of that length and a rest, and the longest first goes into the row with
 * the least room that holds it, of those with the same room into the first (best-fit decreasing: Ding et al., "Fewer Truncations Improve Language Modeling",
 * ICML 2024). Documents of the same length keep their order. No document that fits a row is cut; rows may end with room.
 * @param documents in the order of the shard; 4,096 after each other are packed together
 */
export function packDocuments(documents: readonly Chunk[], capacity: number): Chunk[][] {
  const rows: Chunk[][] = []
  for (let at = 0; at < documents.length; at += groupDocuments) packGroup(documents.slice(at, at + groupDocuments), capacity, rows)
  return rows
}

function packGroup(documents: readonly Chunk[], capacity: number, rows: Chunk[][]): void {
  const rests: Chunk[] = []
  for (const { start, tokens } of documents) {
    let at = 0
    for (; tokens - at >= capacity; at += capacity) rows.push([{ start: start + at, tokens: capacity }])
    if (at < tokens) rests.push({ start: start + at, tokens: tokens - at })
  }
  rests.sort((a, b) => b.tokens - a.tokens || a.start - b.start)
  // Open rows, those with the least room first: room × 2^26 + row.
  const open: number[] = []
  for (const rest of rests) {
    const found = firstAtLeast(open, rest.tokens * byRoom)
    const fits = open[found]
    const row = fits === undefined ? rows.push([]) - 1 : fits % byRoom
    const room = (fits === undefined ? capacity : Math.floor(fits / byRoom)) - rest.tokens
    if (fits !== undefined) open.splice(found, 1)
    rows[row]?.push(rest)
    const value = room * byRoom + row
    if (room > 0) open.splice(firstAtLeast(open, value), 0, value)
  }
}

function firstAtLeast(rising: readonly number[], value: number): number {
  let [low, high] = [0, rising.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
