import { threadId } from 'node:worker_threads'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'

/** A port that does what tests of threads want to see. */
export interface TestPort {
  /** What it was given, the caller's time, and how many calls came before. */
  echo(value: unknown): Promise<{ value: unknown; now: number; before: number }>
  refuse(): Promise<never>
  fail(): Promise<never>
  /** Something that is no data. */
  leak(): Promise<unknown>
  /** Which thread it lives in. */
  thread(): Promise<number>
  /** The thread ends in the middle of a call. */
  die(): Promise<never>
}

export const testPortMethods = { echo: true, refuse: true, fail: true, leak: true, thread: true, die: true } as const

export function testPort(path: string, { clock }: { clock: Pick<Clock, 'now'> }): TestPort & AsyncDisposable {
  if (path === 'unreadable') throw new OrreryError('newer_version', 'That file is of a newer version.', { path })
  let calls = 0
  return {
    echo: async (value) => ({ value, now: clock.now(), before: calls++ }),
    refuse: async () => Promise.reject(new OrreryError('lease_lost', 'The lease is over.', { url: 'http://h.example/', n: [1] })),
    fail: async () => Promise.reject(new TypeError('This should not be.')),
    leak: async () => () => 1,
    thread: async () => threadId,
    die: () => process.exit(3),
    async [Symbol.asyncDispose]() {
      if (path === 'stuck') throw new Error('It cannot be closed.')
    },
  }
}
