import { OrreryError } from '#schemas/errors.ts'

/** @throws OrreryError `timed_out` when the deadline is over first; what was waited for is then let go */
export async function within<T>(deadlineMs: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new OrreryError('timed_out', `${what} within ${deadlineMs / 1000} s.`, { deadlineMs })), deadlineMs)
  // It may fail after nobody waits for it any more.
  promise.catch(() => undefined)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
