import type { Clock } from '#schemas/clock.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { portThread, type PortThread } from '../sqlite/port-thread.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = { open: true, lease: true, answer: true, close: true, progress: true, settlements: true, list: true } as const

/** A ledger (sqlite.ts) in a thread. */
export const threadedLedger = (
  path: string,
  { clock, thread = portThread(`the ledger ${path}`, clock) }: { clock: Clock; thread?: PortThread },
): Ledger & AsyncDisposable => thread.open<Ledger>({ module, factory: 'sqliteLedger', args: [path] }, methods)
