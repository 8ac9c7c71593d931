import type { ParquetType, SchemaElement } from 'hyparquet'
import { canonicalJson } from '../canonical-json.ts'
import type { Document } from '../document.ts'

type Kind = 'string' | 'json' | 'int32' | 'double' | 'timestamp' | 'signature'

export interface Column {
  name: keyof Document
  kind: Kind
  nullable: boolean
  /** Few distinct values: worth a dictionary. */
  repeats: boolean
  /** Minimum and maximum help a reader to skip row groups and pages. */
  ordered: boolean
  bloom: boolean
}

const column = (name: keyof Document, kind: Kind, traits: Partial<Column> = {}): Column => ({
  nullable: false,
  repeats: false,
  ordered: false,
  bloom: false,
  ...traits,
  name,
  kind,
})

/** The columns of a document shard, in their order. `languages`, `quality`, `personal_data` and `rights` are canonical JSON; times are milliseconds UTC. */
export const documentColumns: readonly Column[] = [
  column('id', 'string', { bloom: true }),
  column('uri', 'string', { bloom: true, ordered: true }),
  column('url', 'string'),
  column('host', 'string', { repeats: true, ordered: true }),
  column('page_type', 'string', { repeats: true }),
  column('title', 'string'),
  column('author', 'string', { nullable: true }),
  column('site_name', 'string', { nullable: true, repeats: true }),
  column('text', 'string'),
  column('markdown', 'string', { nullable: true }),
  column('lang', 'string', { repeats: true }),
  column('lang_score', 'double'),
  column('languages', 'json', { repeats: true }),
  column('label', 'string', { repeats: true, ordered: true }),
  column('source', 'int32', { repeats: true }),
  column('datetime', 'timestamp', { ordered: true }),
  column('published_at', 'timestamp', { nullable: true, ordered: true }),
  column('published_by', 'string', { repeats: true }),
  column('published_score', 'double', { repeats: true }),
  column('modified_at', 'timestamp', { nullable: true }),
  column('fetched_at', 'timestamp', { ordered: true }),
  column('http_status', 'int32', { repeats: true }),
  column('etag', 'string', { nullable: true }),
  column('last_modified', 'string', { nullable: true }),
  column('content_type', 'string', { repeats: true }),
  column('html_sha256', 'string'),
  column('text_bytes', 'int32'),
  column('minhash', 'signature'),
  column('quality', 'json'),
  column('personal_data', 'json', { repeats: true }),
  column('rights', 'json', { repeats: true }),
  column('job_id', 'string', { repeats: true }),
  column('hotkey', 'string', { repeats: true }),
  column('version', 'int32', { repeats: true }),
]

const physical: Record<Kind, Partial<SchemaElement>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  int32: { type: 'INT32' },
  double: { type: 'DOUBLE' },
  timestamp: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } },
  // Not FIXED_LEN_BYTE_ARRAY, which is always 448 bytes: `datasets` before 5.1 knows no such type.
  signature: { type: 'BYTE_ARRAY' },
}

/** The Parquet schema of a document shard: a root and one flat leaf per column. */
export const documentSchema: readonly SchemaElement[] = [
  { name: 'document', num_children: documentColumns.length },
  ...documentColumns.map(({ name, kind, nullable }): SchemaElement => ({
    name,
    repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
    ...physical[kind],
  })),
]

/** Its physical type. */
export const columnType = ({ kind }: Column): ParquetType => physical[kind].type as ParquetType

/** The value of a column as another Parquet writer or reader has it. */
export function toCell({ name, kind }: Column, document: Document): unknown {
  return kind === 'json' ? canonicalJson(document[name]) : document[name]
}

/** @throws SyntaxError when a JSON cell is none */
export function fromCell({ kind }: Column, cell: unknown): unknown {
  if (kind === 'json') return JSON.parse(cell as string)
  // The reader gives views into its page; a copy lets the page go.
  if (kind === 'signature') return Uint8Array.from(cell as Uint8Array)
  return cell ?? null
}
