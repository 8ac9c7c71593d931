import type { Catalog } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import { portThread, type PortThread } from '../sqlite/port-thread.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = { commit: true, head: true, get: true, history: true, lines: true, expire: true, remove: true } as const

/** A catalog (sqlite.ts) in a thread. */
export const threadedCatalog = (
  path: string,
  { clock, thread = portThread(`the catalog ${path}`, clock) }: { clock: Clock; thread?: PortThread },
): Catalog & AsyncDisposable => thread.open<Catalog>({ module, factory: 'sqliteCatalog', args: [path] }, methods)
