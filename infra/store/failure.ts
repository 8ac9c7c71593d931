import { OrreryError, type ErrorCode } from '#schemas/errors.ts'

const storeCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['store_unavailable', 'data_unreadable', 'newer_version'])
/** Errors of the system (errno(3)) that only a disk has. */
const diskCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])
/** Those that a socket has as well: where a path is named, it was a file. */
const fileCodes: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOENT', 'ENOTDIR', 'EISDIR'])

/**
 * Tells a store that fails, which ends the work, from a thing that cannot be kept, which costs that thing alone.
 * @param store name of the store whose call threw: then whatever it does not lay at the caller's door is its own failure. Absent: anything may have thrown
 * @returns the failure as one line for a person; undefined when it is none of a store
 */
export function storeFailure(error: unknown, store?: string): OrreryError | undefined {
  if (error instanceof OrreryError) return storeCodes.has(error.code) ? error : undefined
  const { code = '', path, message } = (error instanceof Error ? error : new Error(String(error))) as NodeJS.ErrnoException
  const isDisk = diskCodes.has(code) || (path !== undefined && fileCodes.has(code))
  if (!isDisk && (store === undefined || isOfTheCaller(error))) return undefined
  const where = path ?? store ?? 'the data folder'
  const remedy = 'check its space and permissions, then start again: nothing that was kept is lost'
  return new OrreryError('store_unavailable', `Nothing can be written to ${where} (${message.split('\n', 1)[0]}): ${remedy}.`, { where }, error)
}

/** What encoding throws at values that it cannot take. */
const isOfTheCaller = (error: unknown): boolean => error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
