import type { Frontier } from '#schemas/frontier.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import { portThread } from '../sqlite/port-thread.ts'
import type { FrontierOptions } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const methods = {
  add: true,
  claim: true,
  locate: true,
  done: true,
  defer: true,
  stats: true,
  peek: true,
  nextReadyAt: true,
  takeTurn: true,
  endTurn: true,
} as const

/** A frontier (sqlite.ts) in a thread of its own. */
export const threadedFrontier = (path: string, { clock, ...options }: FrontierOptions): Frontier & HostTurns & AsyncDisposable =>
  portThread(`the frontier ${path}`, clock).open<Frontier & HostTurns>({ module, factory: 'sqliteFrontier', args: [path], options }, methods)
