import { OrreryError } from './errors.ts'
import { zstdCompress } from './parquet/zstd.ts'
import { decompressors } from './parquet/compression.ts'
import type { RowIdentity } from './row-identity.ts'

/**
 * The rows of one data file in short, an object beside it. All numbers little-endian:
 *
 * magic `ORRL`, version 1, rows, blocks, bytes of the packed part (u32 each) · uri, text, sketch0, sketch1 of each row: u32 × rows, one behind the other (16 bytes a row) ·
 * the first 16 bytes of the sha256 of each block of 32 KiB of the data file, so that any part of it can be proved · zstd of hour, text bytes and label of each row:
 * u32, u32, u16 × rows, byte by byte (all lowest bytes first), which takes some four bytes a row. A label is its place among the labels of the file (data-file.ts).
 */
const magic = 0x4c52524f
const version = 1
const headerBytes = 20
const identityBytes = 16
const termsBytes = 10
export const blockBytes = 2 ** 15
export const digestBytes = 16
/** Labels from here on are told apart no more. */
export const otherLabel = 0xffff

/** The most bytes that the list of such a file may have. */
export const rowListBytesMax = ({ rows, bytes }: { rows: number; bytes: number }): number =>
  headerBytes + rows * (identityBytes + termsBytes) + Math.ceil(bytes / blockBytes) * digestBytes + 1024

export interface RowColumns {
  uri: Uint32Array
  text: Uint32Array
  sketch0: Uint32Array
  sketch1: Uint32Array
  hour: Uint32Array
  textBytes: Uint32Array
  label: Uint16Array
}

export interface RowList extends RowColumns {
  rows: number
  /** Of the blocks of the data file, `digestBytes` each. */
  digests: Uint8Array
}

/** The identity of one row. */
export const identityAt = ({ uri, text, sketch0, sketch1, hour, textBytes }: RowColumns, row: number): RowIdentity => ({
  uri: uri[row] as number,
  text: text[row] as number,
  sketch0: sketch0[row] as number,
  sketch1: sketch1[row] as number,
  hour: hour[row] as number,
  textBytes: textBytes[row] as number,
})

export const emptyColumns = (rows: number): RowColumns => ({
  uri: new Uint32Array(rows),
  text: new Uint32Array(rows),
  sketch0: new Uint32Array(rows),
  sketch1: new Uint32Array(rows),
  hour: new Uint32Array(rows),
  textBytes: new Uint32Array(rows),
  label: new Uint16Array(rows),
})

export function encodeRowList({ rows, digests, ...columns }: RowList): Uint8Array {
  const { uri, text, sketch0, sketch1, hour, textBytes, label } = columns
  const terms = new Uint8Array(rows * termsBytes)
  let plane = 0
  for (const [column, bytes] of [
    [hour, 4],
    [textBytes, 4],
    [label, 2],
  ] as const)
    for (let byte = 0; byte < bytes; byte++, plane++) for (let row = 0; row < rows; row++) terms[plane * rows + row] = (column[row] as number) >>> (8 * byte)
  const packed = zstdCompress(terms)
  const bytes = new Uint8Array(headerBytes + rows * identityBytes + digests.length + packed.length)
  const view = new DataView(bytes.buffer)
  for (const [at, word] of [magic, version, rows, digests.length / digestBytes, packed.length].entries()) view.setUint32(4 * at, word, true)
  for (const [place, column] of [uri, text, sketch0, sketch1].entries())
    for (let row = 0; row < rows; row++) view.setUint32(headerBytes + 4 * (place * rows + row), column[row] as number, true)
  bytes.set(digests, headerBytes + rows * identityBytes)
  bytes.set(packed, headerBytes + rows * identityBytes + digests.length)
  return bytes
}

/** @param file that the list is of @throws OrreryError `invalid_record` for bytes that are no list of that file */
export function decodeRowList(bytes: Uint8Array, { rows, bytes: fileBytes }: { rows: number; bytes: number }): RowList {
  if (bytes.length < headerBytes) throw malformed(`it has ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [sign, format, listed, blocks, packedBytes] = Array.from({ length: 5 }, (_, at) => view.getUint32(4 * at, true)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  if (sign !== magic || format !== version) throw malformed('it does not begin as one of version 1 does')
  if (listed !== rows || blocks !== Math.ceil(fileBytes / blockBytes)) throw malformed(`it is of ${listed} rows in ${blocks} blocks`)
  const digestsAt = headerBytes + rows * identityBytes
  const packedAt = digestsAt + blocks * digestBytes
  if (bytes.length !== packedAt + packedBytes) throw malformed(`it has ${bytes.length} bytes where ${packedAt + packedBytes} belong`)
  const terms = unpack(bytes.subarray(packedAt), rows * termsBytes)
  if (terms?.length !== rows * termsBytes) throw malformed('its packed part cannot be unpacked')
  const list: RowList = { rows, ...emptyColumns(rows), digests: bytes.subarray(digestsAt, packedAt) }
  const { uri, text, sketch0, sketch1, hour, textBytes, label } = list
  for (const [place, column] of [uri, text, sketch0, sketch1].entries())
    for (let row = 0; row < rows; row++) column[row] = view.getUint32(headerBytes + 4 * (place * rows + row), true)
  const byteAt = (plane: number, row: number): number => terms[plane * rows + row] as number
  for (let row = 0; row < rows; row++) {
    hour[row] = byteAt(0, row) | (byteAt(1, row) << 8) | (byteAt(2, row) << 16) | (byteAt(3, row) << 24)
    textBytes[row] = byteAt(4, row) | (byteAt(5, row) << 8) | (byteAt(6, row) << 16) | (byteAt(7, row) << 24)
    label[row] = byteAt(8, row) | (byteAt(9, row) << 8)
  }
  return list
}

const malformed = (what: string): OrreryError =>
  new OrreryError('invalid_record', `This is no list of the rows of a data file: ${what}. Ask its writer for a whole one.`, { what })

/** The digests of a list that was not looked at yet; undefined where it is too short for them. */
export function digestsIn(list: Uint8Array, { rows, bytes }: { rows: number; bytes: number }): Uint8Array | undefined {
  const from = headerBytes + rows * identityBytes
  const to = from + Math.ceil(bytes / blockBytes) * digestBytes
  return to <= list.length ? list.subarray(from, to) : undefined
}

function unpack(packed: Uint8Array, bytes: number): Uint8Array | undefined {
  try {
    return decompressors.ZSTD(packed, bytes)
  } catch {
    return undefined
  }
}
