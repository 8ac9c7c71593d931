import { OrreryError } from '#schemas/errors.ts'

/**
 * What stands before the tokens of a block in the format `orrery` (`application/vnd.orrery.block`). Everything is little-endian.
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 4 | magic `ORYB` |
 * | 4 | 2 | u16 version, 1 |
 * | 6 | 2 | u16 dtype = bytes of a token, 4 (u32) |
 * | 8 | 4 | u32 rows B |
 * | 12 | 4 | u32 tokens of a row, T (with the target of the last, T + 1) |
 * | 16 | 8 | u64 batch |
 * | 24 | 4 | u32 epoch |
 * | 28 | 4 | u32 the token that ends a document, also what fills a short row |
 * | 32 | 32 | sha256 of the tokens that follow |
 * | 64 | B × T × 4 | the tokens, row after row |
 *
 * A stream is such blocks one behind the other.
 */
export interface BlockHeader {
  rows: number
  rowTokens: number
  batch: number
  epoch: number
  endOfText: number
  /** Lower-case hex. */
  sha256: string
}

export const blockHeaderBytes = 64
const magic = Buffer.from('ORYB')
const version = 1
const tokenBytes = 4

export function encodeBlockHeader({ rows, rowTokens, batch, epoch, endOfText, sha256 }: BlockHeader): Buffer {
  const bytes = Buffer.alloc(blockHeaderBytes)
  magic.copy(bytes)
  bytes.writeUInt16LE(version, 4)
  bytes.writeUInt16LE(tokenBytes, 6)
  bytes.writeUInt32LE(rows, 8)
  bytes.writeUInt32LE(rowTokens, 12)
  bytes.writeBigUInt64LE(BigInt(batch), 16)
  bytes.writeUInt32LE(epoch, 24)
  bytes.writeUInt32LE(endOfText, 28)
  bytes.write(sha256, 32, 'hex')
  return bytes
}

/** @throws OrreryError `invalid_record` when it is no such header */
export function parseBlockHeader(bytes: Uint8Array): BlockHeader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < blockHeaderBytes || view.compare(magic, 0, 4, 0, 4) !== 0) throw invalid('the magic is missing')
  if (view.readUInt16LE(4) !== version) throw invalid(`its version is ${view.readUInt16LE(4)}`)
  if (view.readUInt16LE(6) !== tokenBytes) throw invalid(`its dtype is ${view.readUInt16LE(6)}`)
  return {
    rows: view.readUInt32LE(8),
    rowTokens: view.readUInt32LE(12),
    batch: Number(view.readBigUInt64LE(16)),
    epoch: view.readUInt32LE(24),
    endOfText: view.readUInt32LE(28),
    sha256: view.toString('hex', 32, 64),
  }
}

const invalid = (problem: string): OrreryError =>
  new OrreryError('invalid_record', `This is no block of version ${version}: ${problem}; ask for the format "orrery".`, { problem })
