import { join } from 'node:path'
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { compressors } from '#schemas/parquet/compression.ts'
import { ExportFile } from './export-file.ts'
import type { ExportPlan, TokenWriter } from './token-writer.ts'

/** Of a row group: so much is in memory. */
const groupMax = { documents: 10_000, tokens: 2 ** 19 }

/** Three levels, as the standard has lists. */
const schema: SchemaElement[] = [
  { name: 'root', num_children: 2 },
  { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'input_ids', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' }, repetition_type: 'REQUIRED' },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  { name: 'element', type: 'INT32', repetition_type: 'REQUIRED' },
]

/** `NAME.parquet` with `id` and `input_ids`, a list of int32: what `datasets` and trainers on it read. */
export async function parquetWriter({ folder, name }: ExportPlan): Promise<TokenWriter> {
  const file = await ExportFile.create(join(folder, `${name}.parquet`))
  const region = file.region()
  const bytes = new ByteWriter()
  const writer = new ParquetWriter({ writer: bytes, schema, codec: 'ZSTD', compressors })
  let group = { ids: [] as string[], lists: [] as number[][], tokens: 0 }
  const pass = async (): Promise<void> => {
    await region.write(Uint8Array.from(bytes.getBytes()))
    bytes.index = 0
  }
  const writeGroup = async (): Promise<void> => {
    const columnData = [
      { name: 'id', data: group.ids },
      { name: 'input_ids', data: group.lists },
    ]
    await writer.write({ columnData, rowGroupSize: group.ids.length })
    group = { ids: [], lists: [], tokens: 0 }
    await pass()
  }
  return {
    async write({ id, tokens }) {
      group.ids.push(id)
      group.lists.push(Array.from(tokens))
      group.tokens += tokens.length
      if (group.ids.length >= groupMax.documents || group.tokens >= groupMax.tokens) await writeGroup()
    },
    async finish() {
      if (group.ids.length > 0) await writeGroup()
      await writer.finish()
      await pass()
      await file.finish()
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  }
}
