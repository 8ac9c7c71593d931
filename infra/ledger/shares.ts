import { fairShare } from '#schemas/ledger.ts'
import { freeOf } from './epochs.ts'
import { holdMore, type Work } from './nodes.ts'

/** The most that a node may hold while so many wait: of what is lent, and of what could be. */
export const shareOf = ({ row }: Work, waiting: number): number =>
  Math.max(1, Math.floor((fairShare * (row.leased + row.trained + freeOf(row))) / Math.max(1, row.holding + waiting)))

/** Takes from each node what it holds beyond its share while so many wait, its newest leases first, and none that is trained. @returns how many */
export function takeBack(work: Work, waiting: number): number {
  const { db, row } = work
  const share = shareOf(work, waiting)
  // By the index of those who hold something, from the most on: what a call costs does not follow how many have ever asked, nor how many hold their share.
  const most = (limit: number): { node: number; outstanding: number }[] =>
    db.all('select node, outstanding from nodes where epoch = ? and outstanding > 0 order by outstanding desc limit ?', row.id, limit)
  if ((most(1)[0]?.outstanding ?? 0) <= share) return 0
  const holders = most(64).filter(({ outstanding }) => outstanding > share)
  let back = 0
  for (const { node, outstanding } of holders) {
    const taken = db.run(
      `update batches set state = 'expired', expires_at = null, turn = 0 where epoch = ?1 and batch in (
         select batch from batches where epoch = ?1 and node = ?2 and expires_at is not null and state = 'leased' order by lease desc limit ?3)`,
      row.id,
      node,
      outstanding - share,
    )
    if (taken === 0) continue
    holdMore(work, node, -taken)
    row.leased -= taken
    row.expired += taken
    back += taken
  }
  return back
}
