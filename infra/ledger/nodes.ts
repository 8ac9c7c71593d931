import type { BatchResult } from '#schemas/ledger.ts'
import type { Database } from '../sqlite/database.ts'
import type { EpochRow } from './epochs.ts'

/** What one call works on: an epoch, at a moment. */
export interface Work {
  db: Database
  row: EpochRow
  secret: Uint8Array
  /** ms since epoch */
  now: number
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
  db.run('update nodes set outstanding = outstanding + ? where epoch = ? and node = ?', more, row.id, node)
  const { outstanding } = db.get<{ outstanding: number }>('select outstanding from nodes where epoch = ? and node = ?', row.id, node) ?? { outstanding: 0 }
  if (outstanding === 0) row.holding--
  else if (outstanding === more) row.holding++
}

export const countFailure = ({ db, row }: Work, node: number, of: 'expired' | 'nacked'): number =>
  db.run(`update nodes set ${of} = ${of} + 1 where epoch = ? and node = ?`, row.id, node)

const lastKept = 8

/** Counts a settled batch for its node and for its label. */
export function countResult({ db, row }: Work, node: number, label: string, { loss, tokens }: BatchResult): void {
  db.run('insert into labels (epoch, name) values (?, ?) on conflict do nothing', row.id, label)
  for (const [table, column, key] of [
    ['nodes', 'node', node],
    ['labels', 'name', label],
  ] as const) {
    const { last } = db.get<{ last: string }>(`select last from ${table} where epoch = ? and ${column} = ?`, row.id, key) ?? { last: '[]' }
    const losses = [...lossesOf(last), loss].slice(-lastKept)
    db.run(
      `update ${table} set settled = settled + 1, tokens = tokens + ?, loss = loss + ?, last = ? where epoch = ? and ${column} = ?`,
      tokens,
      loss,
      JSON.stringify(losses),
      row.id,
      key,
    )
  }
}

/** The losses of a row of `nodes` or `labels`, the newest at the end. */
export const lossesOf = (last: string): number[] => JSON.parse(last) as number[]
