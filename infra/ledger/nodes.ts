import type { KeyObject } from 'node:crypto'
import type { Database } from '../sqlite/database.ts'
import type { EpochRow } from './epochs.ts'
import type { Tallies } from './tallies.ts'
import { voiceOf } from './voices.ts'

/** What one call works on: an epoch, at a moment. */
export interface Work {
  readonly db: Database
  readonly row: EpochRow
  readonly secret: KeyObject
  /** ms since epoch */
  now: number
  /** The moment at which no lease was left that had run out; undefined before somebody has looked. */
  expiredAt: number | undefined
  readonly tallies: Tallies
}

export interface NodeRow {
  node: number
  name: string
  outstanding: number
  voice: string
  /** When its voice was heard last, ms since epoch; null before the first lease. */
  seen: number | null
}

const selected = 'select node, n.name, outstanding, voice, seen from nodes n left join voices v on v.epoch = n.epoch and v.name = n.voice'

export const findNode = ({ db, row }: Work, name: string): NodeRow | undefined => db.get<NodeRow>(`${selected} where n.epoch = ? and n.name = ?`, row.id, name)

export const nodeNumbered = ({ db, row }: Work, node: number): NodeRow | undefined =>
  db.get<NodeRow>(`${selected} where n.epoch = ? and n.node = ?`, row.id, node)

/** A node has a row from its first lease of an epoch on. */
export function addNode({ db, row }: Work, name: string, operator?: string): NodeRow {
  const [node, voice] = [++row.nodes, voiceOf(name, operator)]
  db.run('insert into nodes (epoch, node, name, voice) values (?, ?, ?, ?)', row.id, node, name, voice)
  return { node, name, outstanding: 0, voice, seen: null }
}

/** It holds so many more, or fewer. */
export function holdMore({ db, row }: Work, node: number, more: number): void {
  if (more === 0) return
  const { outstanding } = db.get<{ outstanding: number }>(
    'update nodes set outstanding = outstanding + ? where epoch = ? and node = ? returning outstanding',
    more,
    row.id,
    node,
  ) ?? { outstanding: 0 }
  if (outstanding === 0) row.holding--
  else if (outstanding === more) row.holding++
}

export const countFailure = ({ db, row }: Work, node: number, of: 'expired' | 'nacked'): number =>
  db.run(`update nodes set ${of} = ${of} + 1 where epoch = ? and node = ?`, row.id, node)
