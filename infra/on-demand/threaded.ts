import type { Clock } from '#schemas/clock.ts'
import type { OnDemandJobs } from '#schemas/on-demand.ts'
import { portThread, type PortThread } from '../sqlite/port-thread.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = { create: true, get: true, active: true, promise: true, deliver: true, expired: true, stats: true } as const

/** On-demand jobs (sqlite.ts) in a thread. */
export const threadedOnDemandJobs = (
  path: string,
  { clock, thread = portThread(`the on-demand jobs ${path}`, clock) }: { clock: Clock; thread?: PortThread },
): OnDemandJobs & AsyncDisposable => thread.open<OnDemandJobs>({ module, factory: 'sqliteOnDemandJobs', args: [path] }, methods)
