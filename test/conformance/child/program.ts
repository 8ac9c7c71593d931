import { mkdirSync, rmdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import type { Clock } from '#schemas/clock.ts'
import { openPlace, type Place } from '../place.ts'

export interface Stage {
  /** Unique among the children of a test. */
  name: string
  clock: Clock
  input: unknown
  /** Tells the test, at once. */
  say(fact: Record<string, unknown>): void
}

const say = (fact: Record<string, unknown>) => void writeSync(1, `${JSON.stringify(fact)}\n`)

/** Runs the job that the command line names on the backend at the place it names. */
export async function program<Backend>(jobs: Record<string, (backend: Backend, stage: Stage) => Promise<void>>): Promise<void> {
  const { job, place, input } = JSON.parse(process.argv[2] ?? '{}') as { job: string; place: Place; input: unknown }
  const clock = systemClock()
  const backend = await openPlace<Backend>(place, clock)
  await jobs[job]?.(backend, { name: `${process.pid}`, clock, input, say })
}

/**
 * Alone in the world with `name` while `work` runs, or an error: a folder is made by one process only.
 * It shows that no two processes hold the same lease at once.
 */
export async function alone<T>(folder: string, name: string, work: () => Promise<T>): Promise<T> {
  const mark = join(folder, encodeURIComponent(name))
  mkdirSync(mark)
  const result = await work()
  rmdirSync(mark)
  return result
}
