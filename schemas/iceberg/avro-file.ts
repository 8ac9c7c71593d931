import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import avro, { type Schema } from 'avsc'

export interface AvroFormat {
  schema: Schema
  /** Stands in the head of the file. */
  metadata: Record<string, string>
}

const recordsAtOnce = 500

/** An Avro object container file (Avro 1.12 spec), deflated. The same records give the same bytes. */
export async function encodeAvro(records: readonly object[], { schema, metadata }: AvroFormat): Promise<Buffer> {
  const options = {
    codec: 'deflate',
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value)])),
    syncMarker: createHash('sha256')
      .update(JSON.stringify([schema, metadata]))
      .digest()
      .subarray(0, 16),
    // Of a file without records too.
    writeHeader: 'always',
  } as const
  const encoder = new avro.streams.BlockEncoder(schema, options)
  const pieces: Buffer[] = []
  const read = (async () => {
    for await (const piece of encoder) pieces.push(piece as Buffer)
  })()
  const write = async (): Promise<void> => {
    for (const [n, record] of records.entries()) {
      if (!encoder.write(record)) await Promise.race([new Promise((resolve) => encoder.once('drain', resolve)), read])
      if (n % recordsAtOnce === recordsAtOnce - 1) await nextTurn()
    }
    encoder.end()
  }
  await Promise.all([read, write()])
  return Buffer.concat(pieces)
}
