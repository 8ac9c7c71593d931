import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { OrreryError } from '#schemas/errors.ts'

/** Only one process writes in a folder. The system takes the lock back from one that is killed. @throws OrreryError `conflict`, `store_unavailable` */
export function lockFolder(folder: string): Disposable {
  const path = join(folder, 'lock.sqlite')
  let lock: DatabaseSync | undefined
  try {
    mkdirSync(folder, { recursive: true })
    lock = new DatabaseSync(path)
    lock.exec('begin exclusive')
    const held = lock
    return { [Symbol.dispose]: () => held.close() }
  } catch (cause) {
    lock?.close()
    if ((cause as { errcode?: number }).errcode === busy)
      throw new OrreryError('conflict', `Another process works with ${folder}; end it, or give this one a folder of its own.`, { path }, cause)
    const remedy = 'check its space and permissions, then start again'
    throw new OrreryError('store_unavailable', `The folder of an index ${folder} cannot be locked (${String(cause)}): ${remedy}.`, { path }, cause)
  }
}

/** SQLITE_BUSY: https://www.sqlite.org/rescode.html */
const busy = 5
