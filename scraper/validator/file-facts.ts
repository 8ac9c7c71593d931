/** What is kept of a row that a validator looked at: the score is made of this, and copies are found by it. */
export interface RowFacts {
  /** Its position in its file. */
  row: number
  /** Time bucket of its datetime (data-universe.ts). */
  hour: number
  textBytes: number
  /** Place in the labels of its file. */
  label: number
  /** One fetch of one page, 48 bits: two miners cannot have the same by themselves. */
  fetch: number
  flags: number
}

/** Why a row counts against its miner, where many do. */
export const rowFlags = { repeats: 1, stranger: 2, empty: 4 } as const

/** How many rows have each of the flags. */
export interface FlagCounts {
  repeats: number
  strangers: number
  empty: number
}

export function countFlags(rows: readonly RowFacts[]): FlagCounts {
  const count = (flag: number): number => rows.reduce((sum, { flags }) => sum + ((flags & flag) === 0 ? 0 : 1), 0)
  return { repeats: count(rowFlags.repeats), strangers: count(rowFlags.stranger), empty: count(rowFlags.empty) }
}

/** Labels of one file that are told apart. */
export const labelsMax = 1000

const rowBytes = 24

/** Packs rows: 24 bytes each. */
export function packFacts(rows: readonly RowFacts[]): Uint8Array {
  const bytes = Buffer.alloc(rows.length * rowBytes)
  for (const [n, { row, hour, textBytes, label, fetch, flags }] of rows.entries()) {
    const at = n * rowBytes
    bytes.writeUInt32LE(row, at)
    bytes.writeInt32LE(hour, at + 4)
    bytes.writeUInt32LE(textBytes, at + 8)
    bytes.writeUInt16LE(label, at + 12)
    bytes.writeUInt8(flags, at + 14)
    bytes.writeUIntLE(fetch, at + 16, 6)
  }
  return bytes
}

export function unpackFacts(packed: Uint8Array): RowFacts[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length)
  return Array.from({ length: packed.length / rowBytes }, (_, n) => {
    const at = n * rowBytes
    return {
      row: bytes.readUInt32LE(at),
      hour: bytes.readInt32LE(at + 4),
      textBytes: bytes.readUInt32LE(at + 8),
      label: bytes.readUInt16LE(at + 12),
      flags: bytes.readUInt8(at + 14),
      fetch: bytes.readUIntLE(at + 16, 6),
    }
  })
}
