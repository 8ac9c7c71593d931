import { OrreryError } from '#schemas/errors.ts'

/**
 * What became of one batch, 88 bytes, little-endian; of one that nobody settled all is zero but the batch.
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 8 | u64 batch |
 * | 8 | 8 | u64 tokens |
 * | 16 | 8 | f64 loss, nats per token, as its node said |
 * | 24 | 64 | name of the node, UTF-8, then zeros |
 */
export interface SettlementRecord {
  batch: number
  settled: { tokens: number; loss: number; node: string } | null
}

export const recordBytes = 88
const nameStart = 24

/** Writes it at a place of `bytes`. */
export function writeRecord(bytes: Buffer, at: number, { batch, settled }: SettlementRecord): void {
  bytes.fill(0, at, at + recordBytes)
  bytes.writeBigUInt64LE(BigInt(batch), at)
  if (!settled) return
  bytes.writeBigUInt64LE(BigInt(settled.tokens), at + 8)
  bytes.writeDoubleLE(settled.loss, at + 16)
  const written = bytes.write(settled.node, at + nameStart, recordBytes - nameStart)
  if (written !== Buffer.byteLength(settled.node)) throw new OrreryError('invalid_record', `The name of the node "${settled.node}" has more than 64 bytes.`, {})
}

export function readRecord(bytes: Buffer): SettlementRecord {
  const name = bytes.subarray(nameStart, recordBytes)
  const end = name.indexOf(0)
  const node = name.toString('utf8', 0, end < 0 ? name.length : end)
  const settled = node === '' ? null : { tokens: Number(bytes.readBigUInt64LE(8)), loss: bytes.readDoubleLE(16), node }
  return { batch: Number(bytes.readBigUInt64LE(0)), settled }
}
