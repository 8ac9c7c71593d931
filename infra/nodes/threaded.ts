import type { Clock } from '#schemas/clock.ts'
import type { Nodes } from '#schemas/nodes.ts'
import { portThread, type PortThread } from '../sqlite/port-thread.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = { bind: true, find: true, issue: true, bearer: true, heard: 'patient', book: true, days: true } as const

/** Nodes (sqlite.ts) in a thread. */
export const threadedNodes = (
  path: string,
  { clock, thread = portThread(`the nodes ${path}`, clock) }: { clock: Clock; thread?: PortThread },
): Nodes & AsyncDisposable => thread.open<Nodes>({ module, factory: 'sqliteNodes', args: [path] }, methods)
