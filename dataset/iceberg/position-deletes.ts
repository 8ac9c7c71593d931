import { setImmediate as nextTurn } from 'node:timers/promises'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { SchemaElement } from 'hyparquet'
import type { DeletedRows } from '#schemas/deletion-vector.ts'
import { compressors } from '#schemas/parquet/compression.ts'

/** Reserved field ids (Iceberg spec, Reserved Field IDs). */
export const deleteFields = { file_path: 2147483546, pos: 2147483545 } as const

const schema: SchemaElement[] = [
  { name: 'root', num_children: 2 },
  {
    name: 'file_path',
    type: 'BYTE_ARRAY',
    repetition_type: 'REQUIRED',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    field_id: deleteFields.file_path,
  },
  { name: 'pos', type: 'INT64', repetition_type: 'REQUIRED', field_id: deleteFields.pos },
]
const rowsAtOnce = 25_000

/**
 * A file of position deletes of one data file (Iceberg spec, Position Delete Files): the rows of its deletion vector, rising. In memory whole: some two bytes a
 * row. Equal rows of an equal path give equal bytes.
 */
export async function encodePositionDeletes(filePath: string, rows: DeletedRows): Promise<Uint8Array> {
  const writer = new ByteWriter()
  const file = new ParquetWriter({ writer, schema, codec: 'ZSTD', compressors, createdBy: 'orrery' })
  let positions: bigint[] = []
  const writeOut = async () => {
    const data = [
      { name: 'file_path', data: Array.from({ length: positions.length }, () => filePath) },
      { name: 'pos', data: BigInt64Array.from(positions) },
    ]
    file.write({ columnData: data, rowGroupSize: rowsAtOnce })
    positions = []
    await nextTurn()
  }
  for (const row of rows) if (positions.push(BigInt(row)) === rowsAtOnce) await writeOut()
  if (positions.length > 0) await writeOut()
  file.finish()
  return writer.getBytes()
}
