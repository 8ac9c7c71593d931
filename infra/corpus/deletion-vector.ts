import { sha256Hex } from '#schemas/canonical-json.ts'
import type { DataFile, DeletionVector } from '#schemas/data-file.ts'
import { decodeDeletionVector, DeletedRows, deletionVectorBytesMax, encodeDeletionVector, fileRowsMax } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** Writes rows that are gone as an object named by its content. @param folder key it comes to stand below, with a `/` at its end @returns null for no rows */
export async function writeDeletionVector(store: Pick<ObjectStore, 'put'>, folder: string, rows: DeletedRows): Promise<DeletionVector | null> {
  if (rows.size === 0) return null
  const blob = encodeDeletionVector(rows)
  const sha256 = sha256Hex(blob)
  const key = `${folder}${sha256}.dv`
  await store.put(key, blob)
  return { key, sha256, bytes: blob.length, rows: rows.size }
}

/**
 * The rows that are gone from a file (of documents, or of tokens: then its rows are documents).
 * @throws OrreryError `not_found`; `invalid_record` when the object is not what is said of it
 */
export async function readDeletionVector(
  store: Pick<ObjectStore, 'get'>,
  { file, deletes }: { file: Pick<DataFile, 'rows'>; deletes: DeletionVector | null },
): Promise<DeletedRows> {
  if (!deletes) return DeletedRows.none
  const damaged = (what: string) =>
    new OrreryError('invalid_record', `The deletion vector ${deletes.key} ${what}; ask its writer for a whole one, or restore it from a backup.`, {
      key: deletes.key,
    })
  if (deletes.bytes > deletionVectorBytesMax(Math.min(file.rows, fileRowsMax))) throw damaged(`claims ${deletes.bytes} bytes for a file of ${file.rows} rows`)
  // One byte more would show that it is longer.
  const blob = await store.get(deletes.key, { start: 0, end: deletes.bytes + 1 })
  if (blob.length !== deletes.bytes || sha256Hex(blob) !== deletes.sha256) throw damaged('has other bytes than its manifest says')
  const rows = decodeDeletionVector(blob, file.rows)
  if (rows.size !== deletes.rows) throw damaged(`has ${rows.size} rows, its manifest says ${deletes.rows}`)
  return rows
}
