import type { KeyObject } from 'node:crypto'
import type { Database } from '../sqlite/database.ts'
import type { EpochRow } from './epochs.ts'
import type { Tallies } from './tallies.ts'

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
}

export const findNode = ({ db, row }: Work, name: string): NodeRow | undefined =>
  db.get<NodeRow>('select node, name, outstanding from nodes where epoch = ? and name = ?', row.id, name)

export const nodeName = ({ db, row }: Work, node: number): string =>
  db.get<{ name: string }>('select name from nodes where epoch = ? and node = ?', row.id, node)?.name ?? ''

/** A node has a row from its first lease of an epoch on. */
export function addNode({ db, row }: Work, name: string): NodeRow {
  const node = ++row.nodes
  db.run('insert into nodes (epoch, node, name) values (?, ?, ?)', row.id, node, name)
  return { node, name, outstanding: 0 }
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
