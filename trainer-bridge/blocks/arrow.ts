import { Field, FixedSizeList, RecordBatch, RecordBatchStreamWriter, Schema, Struct, Uint32, Uint64, Utf8, makeData } from 'apache-arrow'
import { recentValues } from '#infra/recent-values.ts'
import type { TokenBlock } from './token-blocks.ts'

export const arrowStreamType = 'application/vnd.apache.arrow.stream'

/** What stands before the buffers of blocks, kept for blocks of the same shape, in bytes. */
const headsBytesMax = 2 ** 20
/** "End of stream": a continuation mark and no bytes. */
const end = Buffer.from('ffffffff00000000', 'hex')
const alignBytes = 8

/**
 * Token blocks as Arrow IPC streams: one record batch, a row for each sequence, no nulls: `tokens: FixedSizeList<uint32>[rowTokens]`, `label: utf8`, `batch: uint64`.
 * What stands before the buffers is made once for all blocks of a shape; the buffers are written as they are.
 * Source: Arrow columnar format, "IPC Streaming Format".
 * @param metadata of the schema: what is the same for all blocks
 */
export function arrowEncoder(metadata: ReadonlyMap<string, string>): (block: TokenBlock) => Uint8Array {
  const heads = recentValues<string, Uint8Array>({ bytesMax: headsBytesMax, bytesOf: (bytes) => bytes.length })
  return ({ rows, rowTokens, rowLabels, batch, bytes }) => {
    const labels = rowLabels.map((label) => Buffer.from(label))
    const offsets = Buffer.alloc(aligned(4 * (rows + 1)))
    let labelBytes = 0
    for (const [row, label] of labels.entries()) offsets.writeUInt32LE((labelBytes += label.length), 4 * (row + 1))
    const numbers = Buffer.alloc(8 * rows)
    for (let row = 0; row < rows; row++) numbers.writeBigUInt64LE(BigInt(batch), 8 * row)
    const shape = `${rows} ${rowTokens} ${labelBytes}`
    let head = heads.get(shape)
    if (!head) heads.keep(shape, (head = headOf({ rows, rowTokens, labelBytes }, metadata)))
    const gap = Buffer.alloc(aligned(bytes.length) - bytes.length)
    const names = Buffer.alloc(aligned(labelBytes))
    Buffer.concat(labels).copy(names)
    return Buffer.concat([head, bytes, gap, offsets, names, numbers, end])
  }
}

interface Shape {
  rows: number
  rowTokens: number
  labelBytes: number
}

const aligned = (bytes: number): number => Math.ceil(bytes / alignBytes) * alignBytes

/** Schema and head of the record batch, as Arrow's own writer has them before the buffers of a block of zeros. */
function headOf({ rows, rowTokens, labelBytes }: Shape, metadata: ReadonlyMap<string, string>): Uint8Array {
  const list = new FixedSizeList(rowTokens, new Field('item', new Uint32(), false))
  const fields = [new Field('tokens', list, false), new Field('label', new Utf8(), false), new Field('batch', new Uint64(), false)]
  const schema = new Schema(fields, new Map(metadata))
  const tokens = makeData({ type: new Uint32(), length: rows * rowTokens, nullCount: 0, data: new Uint32Array(rows * rowTokens) })
  const valueOffsets = new Int32Array(rows + 1)
  valueOffsets[rows] = labelBytes
  const children = [
    makeData({ type: list, length: rows, nullCount: 0, child: tokens }),
    makeData({ type: new Utf8(), length: rows, nullCount: 0, valueOffsets, data: new Uint8Array(labelBytes) }),
    makeData({ type: new Uint64(), length: rows, nullCount: 0, data: new BigUint64Array(rows) }),
  ]
  const batch = new RecordBatch(schema, makeData({ type: new Struct(fields), length: rows, nullCount: 0, children }))
  const bytes = RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true)
  const body = aligned(4 * rows * rowTokens) + aligned(4 * (rows + 1)) + aligned(labelBytes) + 8 * rows
  return bytes.slice(0, bytes.length - body - end.length)
}
