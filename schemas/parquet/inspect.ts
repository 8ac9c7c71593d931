import { parquetMetadata, type FileMetaData, type SchemaElement } from 'hyparquet'
import { OrreryError } from '../errors.ts'
import { checkThrift } from './check-thrift.ts'
import { documentSchema, schemaOfFile } from './columns.ts'
import type { FileBytes } from './file-bytes.ts'

/** What the footer of a Parquet file says. Nothing of it is proved by the data. */
export interface ParquetFacts {
  rows: number
  rowGroups: { rows: number; bytes: number }[]
  /** Codecs of all column chunks, sorted. */
  codecs: string[]
  /** Where its schema differs from that of document shards. */
  schemaFault: string | undefined
  createdBy: string | undefined
}

/** Of the end of a file, read at first: mostly it holds the whole footer. */
const footerGuessBytes = 2 ** 14
const footerBytesMax = 8 * 2 ** 20
/** A file of ten million rows has a thousand row groups, each of some 1,400 values; to read so many takes some 100 ms. */
const footerValuesMax = 1_500_000

/** Reads the footer. @throws OrreryError `invalid_record` for bytes that are no Parquet file */
export async function inspectParquet(file: FileBytes): Promise<ParquetFacts> {
  const metadata = await readFooter(file)
  return guard('its footer cannot be read', () => ({
    rows: Number(metadata.num_rows),
    rowGroups: metadata.row_groups.map((group) => ({ rows: Number(group.num_rows), bytes: Number(group.total_byte_size) })),
    codecs: [...new Set(metadata.row_groups.flatMap(({ columns }) => columns.map((chunk) => String(chunk.meta_data?.codec))))].toSorted(),
    schemaFault: schemaFault(metadata),
    createdBy: metadata.created_by,
  }))
}

/** The row groups of a file that encode.ts wrote: they stand one behind the other. @throws OrreryError `invalid_record` */
export async function writtenGroups(file: FileBytes): Promise<{ rows: number; bytes: number }[]> {
  const { row_groups: groups } = await readFooter(file)
  return guard('its footer cannot be read', () =>
    groups.map(({ num_rows: rows, columns }) => ({
      rows: Number(rows),
      bytes: columns.reduce((sum, { meta_data: chunk }) => sum + Number(chunk?.total_compressed_size), 0),
    })),
  )
}

/** The parsed footer, bounded. @throws OrreryError `invalid_record` */
export async function readFooter(file: FileBytes): Promise<FileMetaData> {
  const { byteLength } = file
  if (byteLength < 12 || !isMagic(await file.slice(0, 4))) throw malformed('it does not begin and end with PAR1')
  const guess = await file.slice(Math.max(0, byteLength - footerGuessBytes), byteLength)
  const end = guess.subarray(-8)
  if (end.length < 8 || !isMagic(end.subarray(4))) throw malformed('it does not begin and end with PAR1')
  const footerBytes = new DataView(end.buffer, end.byteOffset, 4).getUint32(0, true)
  if (footerBytes > footerBytesMax) throw malformed(`its footer claims ${footerBytes} bytes, more than ${footerBytesMax}`)
  if (footerBytes > byteLength - 12) throw malformed(`its footer claims ${footerBytes} of ${byteLength} bytes`)
  const footer = footerBytes + 8 <= guess.length ? guess.subarray(-8 - footerBytes) : await file.slice(byteLength - 8 - footerBytes, byteLength)
  return guard('its footer cannot be read', () => {
    checkThrift(footer.subarray(0, footerBytes), footerValuesMax)
    return parquetMetadata(footer, { geoparquet: false })
  })
}

/** Where the schema is another than that of document shards, name by name and type by type; the root's own name, and the unit of times, are the writer's business. */
export function schemaFault({ schema, row_groups: groups }: FileMetaData): string | undefined {
  if (schema.length !== documentSchema.length) return `it has ${schema.length - 1} columns, not ${documentSchema.length - 1}`
  const wrong = schemaOfFile(schema).findIndex((expected, at) => spellElement(schema[at], at) !== spellElement(expected, at))
  if (wrong >= 0) return `its column ${wrong} is ${spellElement(schema[wrong], wrong)}, not ${spellElement(documentSchema[wrong], wrong)}`
  for (const { columns } of groups)
    for (const [at, { meta_data: chunk }] of columns.entries())
      if (chunk && chunk.type !== documentSchema[at + 1]?.type) return `a chunk of its column ${at + 1} is ${chunk.type}, not ${documentSchema[at + 1]?.type}`
  return undefined
}

/** As schemas of Parquet are written; some other's name may have any length. */
function spellElement(element: SchemaElement | undefined, at: number): string {
  const {
    name,
    type,
    type_length: length,
    repetition_type: repetition,
    num_children: children,
    converted_type: converted,
    logical_type: logical,
  } = element ?? {}
  const own = at === 0 ? [] : [repetition, JSON.stringify(name?.slice(0, 100))]
  const unit = logical?.type === 'TIMESTAMP' && `${logical.unit}${logical.isAdjustedToUTC ? ' UTC' : ''}`
  return [...own, type ?? 'group', length && `(${length})`, converted, logical?.type, unit || undefined, children]
    .filter((part) => part !== undefined)
    .join(' ')
}

export const malformed = (what: string, cause?: unknown): OrreryError =>
  new OrreryError('invalid_record', `This is no Parquet file of documents: ${what}. Ask its writer for a whole file.`, { what }, cause)

/** What libraries throw at bytes they cannot read. */
export function guard<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw cause instanceof OrreryError ? cause : malformed(what, cause)
  }
}

const isMagic = (four: Uint8Array): boolean => four[0] === 0x50 && four[1] === 0x41 && four[2] === 0x52 && four[3] === 0x31
