import type { FailedAttempt } from '#schemas/ledger.ts'
import { clockSkewMs } from '../sqlite/clock-skew.ts'
import { countFailure, holdMore, type Work } from './nodes.ts'
import { isGivenUp } from './voices.ts'

/** A batch that somebody has, or had last. */
export interface BatchRow {
  batch: number
  state: 'leased' | 'trained' | 'expired' | 'nacked' | 'void'
  node: number | null
  lease: number | null
  until: number | null
  loss: number | null
  tokens: number | null
  nacks: number
  expiries: number
}

/** Leases that one call looks at; those of thousands of nodes that went at once come back little by little. */
const expiredMost = 500

/** Leases that ran out, or were given by a clock that has gone back. Their nodes may still answer, until the batch is lent again. */
export function expireLeases(work: Work): void {
  const { db, row, now } = work
  // Nothing that is lent runs out at the moment at which it is lent.
  if (work.expiredAt === now) return
  const due = (condition: string, at: number): BatchRow[] =>
    db.all<BatchRow>(`select * from batches where epoch = ? and expires_at ${condition} ? order by expires_at limit ${expiredMost}`, row.id, at)
  const [late, early] = [due('<=', now), due('>', now + clockSkewMs + row.ttl_ms)]
  for (const lease of [...late, ...early]) failBatch(work, lease, { why: 'expired', reason: '' })
  if (late.length < expiredMost && early.length < expiredMost) work.expiredAt = now
}

/** What is said of an attempt that came to nothing. */
interface Failure extends Pick<FailedAttempt, 'why' | 'reason'> {
  /** Number of the node whose word it is; absent: the holder's. */
  by?: number
  isFinal?: boolean
}

/**
 * An attempt at the batch came to nothing: it waits for another, or is void if it was the last. What a lease that ran out still names is its node, which may come late.
 * @returns whether it is void
 */
export function failBatch(work: Work, batch: BatchRow, { why, reason, by = batch.node ?? 0, isFinal = false }: Failure): boolean {
  const { db, row, now } = work
  const nacks = batch.nacks + (why === 'nacked' ? 1 : 0)
  const expiries = batch.expiries + (why === 'nacked' ? 0 : 1)
  const place = ++row.failures
  db.run(
    'insert into failures (epoch, place, batch, node, lease, why, reason, is_last, failed_at) values (?, ?, ?, ?, ?, ?, ?, 0, ?)',
    row.id,
    place,
    batch.batch,
    by,
    batch.lease,
    why,
    reason,
    now,
  )
  const isLast = isFinal || isGivenUp(work, { batch: batch.batch, nacks, expiries })
  if (isLast) db.run('update failures set is_last = 1 where epoch = ? and place = ?', row.id, place)
  const state = isLast ? 'void' : why === 'expired' ? 'expired' : 'nacked'
  // Once may be chance: it goes first. What failed goes last, so that a batch nobody can train holds up no other.
  const turn = isLast ? null : nacks === 0 && expiries < 2 ? 0 : nacks + expiries
  release(work, batch)
  row[state]++
  db.run(
    'update batches set state = ?, expires_at = null, nacks = ?, expiries = ?, turn = ? where epoch = ? and batch = ?',
    state,
    nacks,
    expiries,
    turn,
    row.id,
    batch.batch,
  )
  countFailure(work, by, why === 'expired' ? 'expired' : 'nacked')
  return isLast
}

/** Takes the batch out of the count of its state, and from who holds it. */
export function release(work: Work, { state, node }: BatchRow): void {
  work.row[state]--
  if (node !== null && (state === 'leased' || state === 'trained')) holdMore(work, node, -1)
}
