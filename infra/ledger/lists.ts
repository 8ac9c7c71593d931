import type { FailedAttempt, LedgerLists, LedgerTally, Settlement } from '#schemas/ledger.ts'
import type { Database } from '../sqlite/database.ts'
import { isClosed, type EpochRow } from './epochs.ts'
import { lossesOf } from './tallies.ts'

export function settlementsOf(db: Database, { id, kept }: EpochRow, { after = 0, limit }: { after?: number; limit: number }): Settlement[] {
  if (kept === 0) return []
  return db.all<Settlement>(
    `select place, batch, name as node, s.loss, s.tokens, settled_at as settledAt from settlements s join nodes n using (epoch, node)
     where epoch = ? and place > ? order by place limit ?`,
    id,
    after,
    limit,
  )
}

/** By kind, a page of what else is known of an epoch. */
export const lists: { [Kind in keyof LedgerLists]: (db: Database, row: EpochRow, page: LedgerLists[Kind]['page']) => LedgerLists[Kind]['row'][] } = {
  failures: (db, { id, kept }, { after = 0, limit }) =>
    kept === 0
      ? []
      : db
          .all<Omit<FailedAttempt, 'isLast'> & { is_last: number }>(
            `select place, batch, name as node, why, reason, is_last, failed_at as failedAt from failures join nodes using (epoch, node)
         where epoch = ? and place > ? order by place limit ?`,
            id,
            after,
            limit,
          )
          .map(({ is_last, ...row }) => ({ ...row, isLast: is_last === 1 })),
  nodes: (db, row, page) => tallies(row, tallyRows(db, 'select * from nodes', row.id, page)),
  labels: (db, row, page) => tallies(row, tallyRows(db, 'select *, 0 as outstanding, 0 as expired, 0 as nacked from labels', row.id, page)),
}

const tallyRows = (db: Database, select: string, id: number, { after = '', name, limit }: LedgerLists['nodes']['page']): TallyRow[] =>
  name === undefined
    ? db.all<TallyRow>(`${select} where epoch = ? and name > ? order by name limit ?`, id, after, limit)
    : db.all<TallyRow>(`${select} where epoch = ? and name = ?`, id, name)

interface TallyRow {
  name: string
  settled: number
  tokens: number
  loss: number
  last: string
  outstanding: number
  expired: number
  nacked: number
}

/** Of a closed epoch nobody holds anything, and what is kept no longer may be there still. */
const tallies = (row: EpochRow, rows: readonly TallyRow[]): LedgerTally[] =>
  (row.kept === 0 ? [] : rows).map(({ name, settled, tokens, loss, last, outstanding, expired, nacked }) => {
    const losses = lossesOf(last)
    const mean = settled === 0 ? 0 : loss / settled
    const lossLast = losses.length === 0 ? mean : losses.reduce((sum, each) => sum + each, 0) / losses.length
    return { name, settled, tokens, lossMean: mean, lossLast, outstanding: isClosed(row) ? 0 : outstanding, expired, nacked }
  })
