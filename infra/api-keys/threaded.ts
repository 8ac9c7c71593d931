import type { ApiKeys } from '#schemas/api-keys.ts'
import type { PortThread } from '../sqlite/port-thread.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = { create: true, list: true, revoke: true, rotate: true, admit: true, charge: 'patient' } as const

/** Keys (sqlite.ts) in a thread. */
export const threadedApiKeys = (path: string, { thread }: { thread: PortThread }): ApiKeys & AsyncDisposable =>
  thread.open<ApiKeys>({ module, factory: 'sqliteApiKeys', args: [path] }, methods)
