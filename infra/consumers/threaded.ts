import type { Clock } from '#schemas/clock.ts'
import type { Consumers } from '#schemas/consumers.ts'
import { portThread, type PortThread } from '../sqlite/port-thread.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = { get: true, put: true } as const

/** Consumers (sqlite.ts) in a thread. */
export const threadedConsumers = (
  path: string,
  { clock, thread = portThread(`the consumers ${path}`, clock) }: { clock: Clock; thread?: PortThread },
): Consumers & AsyncDisposable => thread.open<Consumers>({ module, factory: 'sqliteConsumers', args: [path] }, methods)
