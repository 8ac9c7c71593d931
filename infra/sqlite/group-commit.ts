import { OrreryError } from '#schemas/errors.ts'
import type { Database } from './database.ts'

/** What is to happen around the work of a transaction. */
export interface CommitHooks {
  /** Writes what was gathered. */
  beforeCommit(): void
  /** Forgets what was gathered, and what is held in memory of a database that is not so. */
  rolledBack(): void
}

/** Calls that come within one turn of the event loop, or while a patient one waits, share a transaction and the one sync to disk that it costs. */
export interface GroupCommit {
  /**
   * Runs after all earlier calls, in their order; settles when it is durable. A patient call is in no hurry: it waits for company until `patienceMs` have
   * passed since the last commit. `work` refuses with an OrreryError `lease_lost` before it changes anything, which is its own affair; after any other error
   * nothing of the group has happened, and all of it rejects.
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

/** @param patienceMs between two commits while all that comes is patient */
export function groupCommit(db: Database, hooks: CommitHooks, patienceMs: number): GroupCommit {
  let waiting: Call[] = []
  let timer: NodeJS.Timeout | undefined
  let isDue = false
  let committedAt = -Infinity
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    isDue = false
    const calls = waiting
    waiting = []
    if (calls.length === 0) return
    commit(db, hooks, calls)
    committedAt = performance.now()
  }
  const schedule = (isPatient: boolean): void => {
    const waitMs = isPatient ? committedAt + patienceMs - performance.now() : 0
    if (waitMs > 0) timer ??= setTimeout(flush, waitMs)
    else if (!isDue) {
      isDue = true
      setImmediate(flush)
    }
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
