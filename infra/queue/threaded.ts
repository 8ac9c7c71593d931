import type { Clock } from '#schemas/clock.ts'
import type { Queue } from '#schemas/queue.ts'
import { portThread, type PortThread } from '../sqlite/port-thread.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = { add: true, claim: true, extend: true, done: true, fail: true, stats: true } as const

/** A queue (sqlite.ts) in a thread. */
export const threadedQueue = (
  path: string,
  name: string,
  { clock, thread = portThread(`the queue ${path}`, clock) }: { clock: Clock; thread?: PortThread },
): Queue & AsyncDisposable => thread.open<Queue>({ module, factory: 'sqliteQueue', args: [path, name] }, methods)
