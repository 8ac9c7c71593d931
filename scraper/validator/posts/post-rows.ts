import type { ColumnMetaData, FileMetaData, SchemaElement } from 'hyparquet'
import { limits } from '#schemas/data-universe.ts'
import { ChunkReader } from '#schemas/parquet/chunk-reader.ts'
import type { LeafKind } from '#schemas/parquet/columns.ts'
import type { FileBytes } from '#schemas/parquet/file-bytes.ts'
import { guard, malformed, readFooter } from '#schemas/parquet/inspect.ts'
import { chunkRange } from '#schemas/parquet/pages.ts'
import { postColumns, type PostPlatform } from '#schemas/post-columns.ts'

/** More than the text of a post. */
const cellBytesMax = 2 ** 20
const sparseBytesMax = 160 * 2 ** 20
const codecs: ReadonlySet<string> = new Set(['ZSTD', 'SNAPPY'])

/** A file of posts whose footer is as validators want it. */
export interface PostShard {
  rows: number
  metadata: FileMetaData
}

/**
 * Holds the footer of a file against what Data Universe wants of it: the columns of its platform and no others, row groups of 10,000 of which only the last may be
 * shorter, packed. Nothing of it is decoded. @throws OrreryError `invalid_record`, which says what is wrong
 */
export async function openPostShard(file: FileBytes, platform: PostPlatform): Promise<PostShard> {
  const metadata = await readFooter(file)
  return guard('its footer cannot be read', () => {
    const names = new Set(metadata.row_groups.flatMap(({ columns }) => columns.map(({ meta_data: chunk }) => chunk?.path_in_schema[0] ?? '')))
    const wanted = Object.keys(postColumns[platform])
    const lacking = wanted.find((name) => !names.has(name))
    if (lacking !== undefined) throw malformed(`it has no column ${lacking}`)
    if (names.size !== wanted.length) throw malformed(`it has ${names.size} columns, not the ${wanted.length} of ${platform}`)
    checkPostGroups(metadata, file.byteLength)
    return { rows: Number(metadata.num_rows), metadata }
  })
}

function checkPostGroups({ row_groups: groups, num_rows: total }: FileMetaData, fileBytes: number): void {
  let rows = 0
  for (const [at, { num_rows, columns }] of groups.entries()) {
    const own = Number(num_rows)
    const isLast = at === groups.length - 1
    if (!(own > 0 && (isLast ? own <= limits.rowsPerGroup : own === limits.rowsPerGroup)))
      throw malformed(`its row group ${at} has ${own} rows; all but the last have ${limits.rowsPerGroup}`)
    for (const { meta_data: chunk } of columns) {
      if (!chunk || !codecs.has(chunk.codec)) throw malformed(`a column is packed with ${chunk?.codec ?? 'nothing'}; ZSTD and SNAPPY are taken`)
      const { start, end } = chunkRange(chunk)
      if (!(start >= 4 && start < end && end <= fileBytes)) throw malformed('a column chunk lies outside the file')
      if (chunk.path_in_schema.length === 1 && Number(chunk.num_values) !== own) throw malformed('a column chunk has another number of values than rows')
    }
    rows += own
  }
  if (rows !== Number(total)) throw malformed(`it claims ${total} rows and its row groups ${rows}`)
}

/**
 * Some rows of a file, in the order of their places, each with its cells by column, but for lists (hashtags, media) and flags, whose encodings differ
 * from writer to writer.
 * @param rows places, ascending, each once
 * @throws OrreryError `invalid_record` for bytes that are no such file
 */
export async function postRowsOf(file: FileBytes, { metadata }: PostShard, rows: readonly number[]): Promise<Map<string, unknown>[]> {
  const found: Map<string, unknown>[] = []
  let first = 0
  for (const { num_rows, columns } of metadata.row_groups) {
    const wanted = rows.filter((row) => row >= first && row < first + Number(num_rows)).map((row) => row - first)
    first += Number(num_rows)
    if (wanted.length === 0) continue
    const cells = wanted.map(() => new Map<string, unknown>())
    const budget = { bytes: Infinity, unpackedBytes: sparseBytesMax }
    for (const { meta_data: chunk } of columns) {
      if (!chunk || chunk.path_in_schema.length > 1 || chunk.type === 'BOOLEAN') continue
      const name = chunk.path_in_schema[0] ?? ''
      const reader = readerOf(file, metadata.schema, chunk, name, budget)
      for (let [at, n] = [0, 0]; n < wanted.length; n++) {
        await reader.skip((wanted[n] as number) - at)
        await reader.ready()
        cells[n]?.set(name, shortened(name, (await reader.take(1))[0]))
        at = (wanted[n] as number) + 1
      }
    }
    for (const each of cells) found.push(each)
  }
  return found
}

/** As the file says that it is: a time may be any of its units, or a text. */
function readerOf(
  file: FileBytes,
  schema: readonly SchemaElement[],
  chunk: ColumnMetaData,
  name: string,
  budget: { bytes: number; unpackedBytes: number },
): ChunkReader {
  const element = schema.find((each) => each.name === name)
  const kind = element && kindOf(element)
  if (!kind || element.type !== chunk.type) throw malformed(`its column ${name} is ${chunk.type}`)
  const column = { kind, nullable: element.repetition_type === 'OPTIONAL' }
  return new ChunkReader(file, { column, schema, chunk, budget, isSparse: true })
}

function kindOf({ type }: SchemaElement): LeafKind | undefined {
  switch (type) {
    case 'BYTE_ARRAY':
      return 'string'
    case 'INT64':
      return 'int64'
    case 'INT32':
      return 'int32'
    case 'DOUBLE':
      return 'double'
    default:
      return undefined
  }
}

function shortened(name: string, cell: unknown): unknown {
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString()
  if (typeof cell === 'string' && cell.length > cellBytesMax) throw malformed(`a cell of ${name} has more than ${cellBytesMax} characters`)
  return cell
}
