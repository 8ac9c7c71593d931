import type { ListedFile } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'

/** Positions of rows in a file. */
export type Rows = Iterable<number> & { has(row: number): boolean; size: number }

/** Rows that an index is asked for at once. */
export const rowsAtOnce = 10_000

/** The rows that a miner deleted from a file; why not, as a stable code, when its vector is not there, damaged or of another file. @throws OrreryError of the store */
export async function deletedRows(store: ObjectStore, listed: ListedFile): Promise<Rows | 'missing_object' | 'bad_deletes'> {
  try {
    return await readDeletionVector(store, listed)
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'not_found') return 'missing_object'
    if (error instanceof OrreryError && error.code === 'invalid_record') return 'bad_deletes'
    throw error
  }
}

export function* chunksOf<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = []
  for (const item of items) {
    chunk.push(item)
    if (chunk.length === size) {
      yield chunk
      chunk = []
    }
  }
  if (chunk.length > 0) yield chunk
}

export function* range(start: number, end: number): Generator<number> {
  for (let at = start; at < end; at++) yield at
}
