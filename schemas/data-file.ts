import { z } from 'zod'
import { fileRowsMax } from './deletion-vector.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const Timestamp = z.iso.datetime()

/** How many of each name, sorted by name (compare-text.ts), none twice. A name is anybody's word, `__proto__` too: it is never a key of an object. */
export const NamedCounts = z.array(z.tuple([z.string(), z.int().positive()]))
export type NamedCounts = z.infer<typeof NamedCounts>

/** An object by its content. */
export const StoredObject = z.strictObject({ key: z.string(), sha256: Sha256, bytes: z.int().positive() })
export type StoredObject = z.infer<typeof StoredObject>

/** Rows of a file that stand together, with the sha256 of their bytes. */
export const RowGroup = z.strictObject({ rows: z.int().positive(), bytes: z.int().positive(), sha256: Sha256 })
export type RowGroup = z.infer<typeof RowGroup>

/** An immutable Parquet file of documents, with what a reader needs to skip it unread. All of it is of the file as it was written: deleted rows count. */
export const DataFile = StoredObject.extend({
  rows: z.int().nonnegative().max(fileRowsMax),
  /** Sum of `text_bytes`. */
  text_bytes: z.int().nonnegative(),
  written_at: Timestamp,
  /** First and last `datetime` of the rows. */
  datetime_range: z.strictObject({ first: Timestamp, last: Timestamp }).nullable(),
  labels: NamedCounts,
  /** Bytes of each column in the file, in the order of its schema. */
  columns: z.array(z.int().nonnegative()),
  /** Its row groups, in their order: where each ends the next begins, the first behind the four bytes of the magic. Absent, as is `row_list`: written before there were these. */
  row_groups: z.array(RowGroup).optional(),
  /** Its rows in short (row-list.ts), by which it is compared with others and proved in parts. */
  row_list: StoredObject.optional(),
})
export type DataFile = z.infer<typeof DataFile>

/** Rows of one file that are gone: a bitmap of their positions (deletion-vector.ts), immutable as the file is. `rows`: how many. */
export const DeletionVector = StoredObject.extend({ rows: z.int().positive() })
export type DeletionVector = z.infer<typeof DeletionVector>

/** A file as a snapshot has it. */
export const ListedFile = z.strictObject({ file: DataFile, deletes: DeletionVector.nullable() })
export type ListedFile = z.infer<typeof ListedFile>
