import { setTimeout as delay } from 'node:timers/promises'
import { OrreryError } from '#schemas/errors.ts'
import type { Database } from './database.ts'

const patienceMs = 20_000
const pauseMs = 20
/** SQLITE_BUSY and SQLITE_LOCKED: https://www.sqlite.org/rescode.html */
const lockedCodes = new Set([5, 6])

/** From now on no call of this database waits for another process: it fails at once, to be tried again by `whenFree`. */
export const waitForNobody = (db: Database): number => db.run('pragma busy_timeout = 0')

/** What the work gives; undefined while another process has the file, for a database that waits for nobody. */
export function unlessTaken<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'store_unavailable') return undefined
    throw error
  }
}

/** Does the work as soon as no other process has the file, and lets the event loop turn until then. @throws OrreryError `store_unavailable` after 20 s */
export async function whenFree<T>(work: () => T): Promise<T> {
  for (const deadline = performance.now() + patienceMs; ;) {
    try {
      return work()
    } catch (error) {
      if (!isLocked(error) || performance.now() > deadline) throw error
    }
    await delay(pauseMs)
  }
}

function isLocked(error: unknown): boolean {
  const { errcode = 0 } = (error instanceof OrreryError ? (error.cause as { errcode?: number } | undefined) : undefined) ?? {}
  return lockedCodes.has(errcode & 0xff)
}
