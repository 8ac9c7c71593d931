import { OrreryError } from '#schemas/errors.ts'
import type { Database } from './database.ts'

/** What is to happen around the work of a transaction. */
export interface CommitHooks {
  /** Writes what was gathered. */
  beforeCommit(): void
  /** Forgets what was gathered, and what is held in memory of a database that is not so. */
  rolledBack(): void
}

/** How long a patient call waits for company. */
const patienceMs = 12

/** Calls that come within one turn of the event loop, or while a patient one waits, share a transaction and the one sync to disk that it costs. */
export interface GroupCommit {
  /**
   * Runs after all earlier calls, in their order; settles when it is durable. `work` refuses with an OrreryError `lease_lost` before it changes anything,
   * which is its own affair; after any other error nothing of the group has happened, and all of it rejects.
   */
  run<T>(work: () => T, patience?: 'patient'): Promise<T>
  /** Does now what still waits. */
  flush(): void
}

interface Call {
  work: () => unknown
  resolve(value: unknown): void
  reject(cause: unknown): void
}

export function groupCommit(db: Database, hooks: CommitHooks): GroupCommit {
  let waiting: Call[] = []
  let timer: NodeJS.Timeout | undefined
  let isDue = false
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    isDue = false
    const calls = waiting
    waiting = []
    if (calls.length > 0) commit(db, hooks, calls)
  }
  const schedule = (isPatient: boolean): void => {
    if (isPatient) timer ??= setTimeout(flush, patienceMs)
    else if (!isDue) setImmediate(flush)
    isDue ||= !isPatient
  }
  return {
    flush,
    run: <T>(work: () => T, patience?: 'patient') =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve: resolve as (value: unknown) => void, reject })
        schedule(patience === 'patient')
      }),
  }
}

function commit(db: Database, hooks: CommitHooks, calls: readonly Call[]): void {
  const settle: (() => void)[] = []
  try {
    db.transaction(() => {
      for (const call of calls) settle.push(attempt(call))
      hooks.beforeCommit()
    })
  } catch (cause) {
    hooks.rolledBack()
    for (const call of calls) call.reject(cause)
    return
  }
  for (const end of settle) end()
}

function attempt({ work, resolve, reject }: Call): () => void {
  try {
    const value = work()
    return () => resolve(value)
  } catch (cause) {
    if (cause instanceof OrreryError && cause.code === 'lease_lost') return () => reject(cause)
    throw cause
  }
}
