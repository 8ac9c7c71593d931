import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { limits } from '#schemas/data-universe.ts'
import { compressors } from '#schemas/parquet/compression.ts'
import { postColumns, type PostColumnKind, type PostPlatform } from '#schemas/post-columns.ts'
import type { Post } from './post.ts'

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const
const kinds: Record<Exclude<PostColumnKind, 'texts'>, Omit<SchemaElement, 'name'>> = {
  text,
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } },
  boolean: { type: 'BOOLEAN' },
  integer: { type: 'INT64' },
  double: { type: 'DOUBLE' },
}

/** Each may be null; a list has three levels, as Parquet wants it. */
function elementsOf(name: string, kind: PostColumnKind): SchemaElement[] {
  if (kind !== 'texts') return [{ name, repetition_type: 'OPTIONAL', ...kinds[kind] }]
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', ...text },
  ]
}

/** A written file, piece by piece, and what is known of it at its end. */
export interface PostFile {
  sha256: string
  bytes: number
  rows: number
}

/**
 * Writes posts of one platform as validators of Data Universe want them: its columns and no others, row groups of 10,000 of which only the last may be shorter, zstd.
 * In memory is one row group.
 * @param pages of so many rows as a row group has, but for the last
 */
export async function* writePosts(platform: PostPlatform, pages: Iterable<readonly Post[]>): AsyncGenerator<Uint8Array, PostFile> {
  const columns = Object.entries(postColumns[platform])
  const schema: SchemaElement[] = [{ name: 'schema', num_children: columns.length }, ...columns.flatMap(([name, kind]) => elementsOf(name, kind))]
  const writer = new ByteWriter()
  const parquet = new ParquetWriter({ writer, schema, codec: 'ZSTD', compressors })
  const hash = createHash('sha256')
  let [given, rows] = [0, 0]
  const written = (): Uint8Array => {
    const piece = new Uint8Array(writer.buffer, 0, writer.index).slice()
    // What is given is written over; places in the file are counted by the writer's offset.
    writer.index = 0
    given += piece.length
    hash.update(piece)
    return piece
  }
  for (const posts of pages) {
    const cells = posts.map(({ row }) => new Map<string, unknown>(Object.entries(row)))
    const columnData = columns.map(([name, kind]) => ({ name, data: cells.map((row) => cellOf(kind, row.get(name))) }))
    await parquet.write({ columnData, rowGroupSize: limits.rowsPerGroup })
    rows += posts.length
    yield written()
    await nextTurn()
  }
  await parquet.finish()
  yield written()
  return { sha256: hash.digest('hex'), bytes: given, rows }
}

function cellOf(kind: PostColumnKind, cell: unknown): unknown {
  if (cell === null || cell === undefined) return null
  if (kind === 'time') return new Date(cell as number)
  return kind === 'integer' ? BigInt(cell as number) : cell
}
