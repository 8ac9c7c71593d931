import { parquetMetadata, type FileMetaData } from 'hyparquet'
import { OrreryError } from '../errors.ts'
import { checkThrift } from './check-thrift.ts'
import { documentSchema } from './columns.ts'

/** What the footer of a Parquet file says. Nothing of it is proved by the data. */
export interface ParquetFacts {
  rows: number
  rowGroups: { rows: number; bytes: number }[]
  /** Codecs of all column chunks, sorted. */
  codecs: string[]
  /** Names of the leaf columns, in order. */
  columns: string[]
  /** Whether the schema is the one of document shards, name by name and type by type. */
  documentSchema: boolean
  createdBy: string | undefined
}

const footerBytesMax = 16 * 2 ** 20
/** A file of 1 GiB has some thousand row groups, each of some hundred values. */
const footerValuesMax = 4_000_000

/** Reads the footer. @throws OrreryError `invalid_record` for bytes that are no Parquet file */
export function inspectParquet(bytes: Uint8Array): ParquetFacts {
  const metadata = readFooter(bytes)
  return {
    rows: Number(metadata.num_rows),
    rowGroups: metadata.row_groups.map((group) => ({ rows: Number(group.num_rows), bytes: Number(group.total_byte_size) })),
    codecs: [...new Set(metadata.row_groups.flatMap(({ columns }) => columns.map((chunk) => String(chunk.meta_data?.codec))))].toSorted(),
    columns: metadata.schema.filter(({ type }) => type !== undefined).map(({ name }) => name),
    documentSchema: hasDocumentSchema(metadata),
    createdBy: metadata.created_by,
  }
}

/** The parsed footer, bounded. @throws OrreryError `invalid_record` */
export function readFooter(bytes: Uint8Array): FileMetaData {
  if (bytes.length < 12 || !isMagic(bytes.subarray(0, 4)) || !isMagic(bytes.subarray(-4))) throw malformed('it does not begin and end with PAR1')
  const footerBytes = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 4).getUint32(0, true)
  if (footerBytes > footerBytesMax) throw malformed(`its footer claims ${footerBytes} bytes, more than ${footerBytesMax}`)
  if (footerBytes > bytes.length - 12) throw malformed(`its footer claims ${footerBytes} of ${bytes.length} bytes`)
  const footer = bytes.subarray(bytes.length - 8 - footerBytes)
  try {
    checkThrift(footer.subarray(0, footerBytes), footerValuesMax)
    return parquetMetadata(footer, { geoparquet: false })
  } catch (cause) {
    throw malformed('its footer cannot be read', cause)
  }
}

export const hasDocumentSchema = ({ schema }: FileMetaData): boolean =>
  schema.length === documentSchema.length &&
  documentSchema.every((expected, at) => {
    const found = schema[at]
    return (
      found !== undefined &&
      // The root's own name is the writer's business.
      (at === 0 || found.name === expected.name) &&
      found.type === expected.type &&
      found.type_length === expected.type_length &&
      (at === 0 || found.repetition_type === expected.repetition_type) &&
      found.num_children === expected.num_children &&
      found.converted_type === expected.converted_type &&
      found.logical_type?.type === expected.logical_type?.type
    )
  })

export const malformed = (what: string, cause?: unknown): OrreryError =>
  new OrreryError('invalid_record', `This is no Parquet file of documents: ${what}. Ask its writer for a whole file.`, { what }, cause)

const isMagic = (four: Uint8Array): boolean => four[0] === 0x50 && four[1] === 0x41 && four[2] === 0x52 && four[3] === 0x31
