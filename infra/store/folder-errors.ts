import { stat } from 'node:fs/promises'
import { OrreryError } from '#schemas/errors.ts'

export const missing = (key: string) =>
  new OrreryError('not_found', `There is no object "${key}" in this store; list its folder to see what there is.`, { key })
export const taken = (key: string, why: string) =>
  new OrreryError('already_exists', `The object "${key}" ${why}; objects are immutable: choose another key, or delete it first.`, { key })

/** What a body threw while it was written: its own business, not the file system's. */
export class BodyFailure extends Error {}

/** Gives the errors of the file system their codes. @param top the store's folder */
export async function guarded<T>(key: string, top: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof BodyFailure) throw cause.cause
    if (cause instanceof OrreryError) throw cause
    const { code = '', message } = cause as NodeJS.ErrnoException
    if (code === 'ENOTDIR' || code === 'EEXIST') {
      if (await isFolderOrNothing(top)) throw taken(key, 'would lie below an object')
      throw new OrreryError('data_unreadable', `The object store "${top}" is no folder; choose another data folder (--data).`, { root: top }, cause)
    }
    const remedy = code === 'EPERM' ? 'it needs a file system with hard links' : 'check its space and permissions, then try again'
    throw new OrreryError('store_unavailable', `The object store "${top}" failed at "${key}" (${code || message}): ${remedy}.`, { key, root: top }, cause)
  }
}

const isFolderOrNothing = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => true,
  )
