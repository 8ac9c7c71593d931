import type { Frontier } from '#schemas/frontier.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import { portThread } from '../sqlite/port-thread.ts'
import type { FrontierOptions } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = {
  add: 'patient',
  claim: true,
  locate: true,
  done: 'patient',
  defer: 'patient',
  stats: true,
  peek: true,
  nextReadyAt: true,
  takeTurn: true,
  endTurn: 'patient',
} as const

/** A frontier (sqlite.ts) in a thread of its own. */
export function threadedFrontier(path: string, { clock, ...options }: FrontierOptions): Frontier & HostTurns & AsyncDisposable {
  const port = portThread(`the frontier ${path}`, clock).open<Frontier & HostTurns>({ module, factory: 'sqliteFrontier', args: [path], options }, methods)
  return {
    ...port,
    // By its token a claim is known: what else it says need not go over.
    done: ({ url, token }, visit) => port.done({ url, token }, visit),
    defer: ({ url, token }, deferral) => port.defer({ url, token }, deferral),
  }
}
