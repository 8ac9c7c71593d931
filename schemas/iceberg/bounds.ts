/** Single values in binary (Iceberg spec, Appendix D): what bounds of columns and partitions are written as. */
export const binaryOf = {
  string: (value: string): Buffer => Buffer.from(value),
  /** @param value 32-bit, also days of a date */
  int(value: number): Buffer {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    return bytes
  },
  long(value: bigint): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  /** @param ms since epoch; Iceberg counts microseconds: the first of them, or the last */
  timestamptz: (ms: number, of: 'first' | 'last'): Buffer => binaryOf.long(BigInt(ms) * 1000n + (of === 'first' ? 0n : 999n)),
} as const
