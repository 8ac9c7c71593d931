import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'

/** Says that the index in its folder is damaged. */
const markerOf = (folder: string): string => join(folder, 'damaged')
/** All of an index but its lock. */
const parts = ['rows.sqlite', 'rows.sqlite-wal', 'rows.sqlite-shm', 'bands', 'exact', 'paragraphs']

/**
 * Whoever has an index makes it again from the data files where it knows less than they hold, so a damaged one stands in the way of nobody for good: it is told
 * once, and begun anew at the next opening. Not at once: who works with it counts on what it has said so far.
 * @returns what to tell instead of the error
 */
export function noteDamage(folder: string, error: unknown): unknown {
  if (!(error instanceof OrreryError && error.code === 'data_unreadable')) return error
  try {
    writeFileSync(markerOf(folder), error.message)
  } catch {
    return error
  }
  const { path = folder, why = error.message } = error.details as { path?: string; why?: string }
  const message = `The index ${folder} is damaged (${path}: ${why}); start again, and it is made anew from the data files.`
  return new OrreryError('data_unreadable', message, { path }, error)
}

/** Removes what was found damaged. The folder is locked. @throws OrreryError `store_unavailable` */
export function removeDamaged(folder: string): void {
  if (!existsSync(markerOf(folder))) return
  try {
    for (const part of parts) rmSync(join(folder, part), { recursive: true, force: true })
    rmSync(markerOf(folder))
  } catch (cause) {
    throw new OrreryError('store_unavailable', `The damaged index ${folder} cannot be removed (${String(cause)}): remove it yourself.`, { path: folder }, cause)
  }
}
