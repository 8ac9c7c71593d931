import { OrreryError } from '#schemas/errors.ts'

/** Nothing of the file is in it, nor in a cause: messages are logged. */
export const keyFileUnusable = (path: string, what: string, remedy: string): OrreryError =>
  new OrreryError('data_unreadable', `The key file ${path} cannot be used: ${what}. ${remedy}`, { path })
