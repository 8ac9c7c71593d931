import { Field, FixedSizeList, RecordBatch, RecordBatchStreamWriter, Schema, Struct, Uint32, makeData } from 'apache-arrow'

export interface ArrowBlock {
  /** rows × sequenceTokens u32, little-endian. */
  bytes: Uint8Array
  sequenceTokens: number
  /** Becomes the schema's metadata: plan_id, epoch, batch, label. */
  metadata: ReadonlyMap<string, string>
}

export const arrowStreamType = 'application/vnd.apache.arrow.stream'

/**
 * A token block as an Arrow IPC stream: one record batch, one column `tokens: FixedSizeList<uint32>[sequenceTokens]`, a row for each sequence, no nulls.
 * Source: Arrow columnar format, "IPC Streaming Format".
 */
export function encodeArrow({ bytes, sequenceTokens, metadata }: ArrowBlock): Uint8Array {
  const item = new Field('item', new Uint32(), false)
  const list = new FixedSizeList(sequenceTokens, item)
  const schema = new Schema([new Field('tokens', list, false)], new Map(metadata))
  const values = makeData({ type: new Uint32(), length: bytes.length / 4, nullCount: 0, data: wordsOf(bytes) })
  const rows = values.length / sequenceTokens
  const column = makeData({ type: list, length: rows, nullCount: 0, child: values })
  const batch = new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children: [column] }))
  const writer = RecordBatchStreamWriter.writeAll([batch])
  return writer.toUint8Array(true)
}

/** The block's words in the order of this machine, as Arrow's writer takes them. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const words = new Uint32Array(bytes.length / 4)
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, true)
  return words
}
