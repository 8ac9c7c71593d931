import {
  Bool,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  List,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Uint32,
  Uint64,
  Utf8,
  makeData,
  type Data,
  type DataType,
} from 'apache-arrow'
import { recentValues } from '#infra/recent-values.ts'
import type { RowDocument } from '../plan/row-documents.ts'
import type { TokenBlock } from './token-blocks.ts'

export const arrowStreamType = 'application/vnd.apache.arrow.stream'

/** What stands before the buffers of blocks, kept for blocks of the same shape, in bytes. */
const headsBytesMax = 2 ** 20
/** "End of stream": a continuation mark and no bytes. */
const end = Buffer.from('ffffffff00000000', 'hex')
const alignBytes = 8
const idBytes = 32

/** @param documents of each row */
export type ArrowEncoder = (block: TokenBlock, documents: readonly (readonly RowDocument[])[]) => Uint8Array

/**
 * Token blocks as Arrow IPC streams: one record batch, a row for each sequence, no nulls: `tokens: FixedSizeList<uint32>[rowTokens]`, `label: utf8`, `batch: uint64`,
 * and of the documents of the row, for masks, `document_ends: List<uint32>` (token of the row after the last of each), `document_ids: List<FixedSizeBinary[32]>`
 * and `document_cuts: List<bool>` (it goes on elsewhere: no end of text stands at its end).
 * What stands before the buffers is made once for all blocks of a shape; the buffers are written as they are.
 * Source: Arrow columnar format, "IPC Streaming Format".
 * @param metadata of the schema: what is the same for all blocks
 */
export function arrowEncoder(metadata: ReadonlyMap<string, string>): ArrowEncoder {
  const heads = recentValues<string, Uint8Array>({ bytesMax: headsBytesMax, bytesOf: (bytes) => bytes.length })
  return ({ rows, rowTokens, rowLabels, batch, bytes }, documents) => {
    const labels = rowLabels.map((label) => Buffer.from(label))
    const flat = documents.flat()
    const labelOffsets = offsetsOf(labels.map(({ length }) => length))
    const labelBytes = labelOffsets.readInt32LE(4 * rows)
    const shape = `${rows} ${rowTokens} ${labelBytes} ${flat.length}`
    let head = heads.get(shape)
    if (!head) heads.keep(shape, (head = headOf({ rows, rowTokens, labelBytes, documents: flat.length }, metadata)))
    const numbers = Buffer.alloc(8 * rows)
    for (let row = 0; row < rows; row++) numbers.writeBigUInt64LE(BigInt(batch), 8 * row)
    const documentOffsets = offsetsOf(documents.map(({ length }) => length))
    const { ends, ids, cuts } = columnsOf(flat)
    const named = [bytes, paddingOf(bytes.length), labelOffsets, ...labels, paddingOf(labelBytes), numbers]
    return Buffer.concat([head, ...named, documentOffsets, ends, documentOffsets, ids, documentOffsets, cuts, end])
  }
}

/** Each padded. */
function columnsOf(documents: readonly RowDocument[]): { ends: Buffer; ids: Buffer; cuts: Buffer } {
  const ends = Buffer.alloc(aligned(4 * documents.length))
  const ids = Buffer.alloc(aligned(idBytes * documents.length))
  const cuts = Buffer.alloc(aligned(Math.ceil(documents.length / 8)))
  for (const [n, document] of documents.entries()) {
    ends.writeUInt32LE(document.end, 4 * n)
    ids.write(document.id, idBytes * n, 'hex')
    if (document.isCut) cuts[n >> 3]! |= 1 << (n & 7)
  }
  return { ends, ids, cuts }
}

/** Where each ends that is so long, from 0 on, padded. */
function offsetsOf(lengths: readonly number[]): Buffer {
  const offsets = Buffer.alloc(aligned(4 * (lengths.length + 1)))
  let at = 0
  for (const [n, length] of lengths.entries()) offsets.writeInt32LE((at += length), 4 * (n + 1))
  return offsets
}

interface Shape {
  rows: number
  rowTokens: number
  labelBytes: number
  /** Of all rows. */
  documents: number
}

const aligned = (bytes: number): number => Math.ceil(bytes / alignBytes) * alignBytes
const paddingOf = (bytes: number): Buffer => Buffer.alloc(aligned(bytes) - bytes)

/** Schema and head of the record batch, as Arrow's own writer has them before the buffers of a block of zeros. */
function headOf({ rows, rowTokens, labelBytes, documents }: Shape, metadata: ReadonlyMap<string, string>): Uint8Array {
  const list = new FixedSizeList(rowTokens, new Field('item', new Uint32(), false))
  const tokens = makeData({ type: new Uint32(), length: rows * rowTokens, nullCount: 0, data: new Uint32Array(rows * rowTokens) })
  const ends = makeData({ type: new Uint32(), length: documents, nullCount: 0, data: new Uint32Array(documents) })
  const ids = makeData({ type: new FixedSizeBinary(idBytes), length: documents, nullCount: 0, data: new Uint8Array(idBytes * documents) })
  const cuts = makeData({ type: new Bool(), length: documents, nullCount: 0, data: new Uint8Array(Math.ceil(documents / 8)) })
  const columns: [string, Data][] = [
    ['tokens', makeData({ type: list, length: rows, nullCount: 0, child: tokens })],
    ['label', makeData({ type: new Utf8(), length: rows, nullCount: 0, valueOffsets: lastOffset(rows, labelBytes), data: new Uint8Array(labelBytes) })],
    ['batch', makeData({ type: new Uint64(), length: rows, nullCount: 0, data: new BigUint64Array(rows) })],
    ['document_ends', listOf(ends, rows)],
    ['document_ids', listOf(ids, rows)],
    ['document_cuts', listOf(cuts, rows)],
  ]
  const fields = columns.map(([name, { type }]) => new Field(name, type as DataType, false))
  const data = makeData({ type: new Struct(fields), length: rows, nullCount: 0, children: columns.map(([, column]) => column) })
  const bytes = RecordBatchStreamWriter.writeAll([new RecordBatch(new Schema(fields, new Map(metadata)), data)]).toUint8Array(true)
  const perDocument = aligned(4 * documents) + aligned(idBytes * documents) + aligned(Math.ceil(documents / 8))
  const body = aligned(4 * rows * rowTokens) + 4 * aligned(4 * (rows + 1)) + aligned(labelBytes) + 8 * rows + perDocument
  return bytes.slice(0, bytes.length - body - end.length)
}

const listOf = <T extends DataType>(child: Data<T>, rows: number): Data<List<T>> =>
  makeData({ type: new List(new Field('item', child.type, false)), length: rows, nullCount: 0, valueOffsets: lastOffset(rows, child.length), child })

function lastOffset(rows: number, last: number): Int32Array {
  const offsets = new Int32Array(rows + 1)
  offsets[rows] = last
  return offsets
}
