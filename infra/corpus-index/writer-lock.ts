import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { OrreryError } from '#schemas/errors.ts'

/** Only one process writes in a folder. The system takes the lock back from one that is killed. @throws OrreryError `conflict` */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'lock.sqlite')
  const lock = new DatabaseSync(path)
  try {
    lock.exec('begin exclusive')
  } catch (cause) {
    lock.close()
    throw new OrreryError('conflict', `Another process works with ${folder}; end it, or give this one a folder of its own.`, { path }, cause)
  }
  return { [Symbol.dispose]: () => lock.close() }
}
