import type { BatchOutcome, BatchReply } from '#schemas/ledger.ts'
import { isClosed } from './epochs.ts'
import { expireLeases, failBatch, release, type BatchRow } from './failed.ts'
import { addNode, findNode, holdMore, nodeNumbered, type Work } from './nodes.ts'
import { isToken, leaseIn } from './tokens.ts'
import { heard } from './voices.ts'

type Refusal = Extract<BatchOutcome, { state: 'refused' }>

/** What becomes of one reply of a node; of one that is refused nothing has changed. */
function takeReply(work: Work, node: string, reply: BatchReply): BatchOutcome {
  const { db, row } = work
  const lease = leaseIn(reply.token)
  const batch = db.get<BatchRow>('select * from batches where epoch = ? and batch = ?', row.id, reply.batch)
  const isHeld = lease !== undefined && batch?.lease === lease && batch.state !== 'nacked' && batch.state !== 'void'
  if (lease !== undefined && !isHeld) {
    const known = endedLease(work, reply, lease)
    if (known) return sameNode(work, node, reply, known.node) ?? known.outcome
  }
  if (isClosed(row) || reply.fence !== row.fence)
    return refused(reply, 'fenced', `Epoch ${row.epoch} is closed; drop its work and ask for a lease of the next.`)
  if (!isHeld || batch.node === null) return lost(reply)
  return sameNode(work, node, reply, batch.node) ?? replies[reply.kind](work, batch, reply as never)
}

const lost = ({ batch }: BatchReply): Refusal =>
  refused({ batch }, 'lease_lost', `The lease of batch ${batch} is over: it was answered, given back, or ran out and was lent again; drop its work.`)

const refused = ({ batch }: { batch: number }, code: Refusal['code'], message: string): Refusal => ({ batch, state: 'refused', code, message })

/** The refusal of a token that is not this node's, or none at all. */
function sameNode(work: Work, node: string, reply: BatchReply, holder: number): Refusal | undefined {
  const name = { epoch: work.row.id, batch: reply.batch, lease: leaseIn(reply.token) ?? 0 }
  if (isToken(work.secret, reply.token, { ...name, node })) return undefined
  if (!isToken(work.secret, reply.token, { ...name, node: nodeNumbered(work, holder)?.name ?? '' })) return lost(reply)
  return refused(reply, 'forbidden', `Batch ${reply.batch} was lent to another node; answer for your own leases only.`)
}

/** How a lease ended that holds its batch no longer: a reply that is sent again has the outcome it had. */
function endedLease({ db, row }: Work, { batch, kind }: BatchReply, lease: number): { node: number; outcome: BatchOutcome } | undefined {
  const settled = db.get<{ node: number; lease: number }>('select node, lease from settlements where epoch = ? and batch = ?', row.id, batch)
  if (settled?.lease === lease && kind === 'ack') return { node: settled.node, outcome: { batch, state: 'settled', again: true } }
  if (kind !== 'nack') return undefined
  const failed = db.get<{ node: number; is_last: number }>(
    "select node, is_last from failures where epoch = ? and batch = ? and lease = ? and why <> 'expired'",
    row.id,
    batch,
    lease,
  )
  return failed && { node: failed.node, outcome: { batch, state: failed.is_last === 1 ? 'void' : 'nacked' } }
}

type Reply<Kind extends BatchReply['kind']> = Extract<BatchReply, { kind: Kind }>

/** By what a node says of a batch that is its own. */
const replies: { [Kind in BatchReply['kind']]: (work: Work, batch: BatchRow, reply: Reply<Kind>) => BatchOutcome } = {
  renew: (work, batch, { ttlMs }) => hold(work, batch, batch.state === 'trained' ? 'trained' : 'leased', ttlMs),

  trained(work, batch, { ttlMs, loss, tokens }) {
    const outcome = hold(work, batch, 'trained', ttlMs)
    if (outcome.state === 'trained' && batch.loss === null)
      work.db.run('update batches set loss = ?, tokens = ? where epoch = ? and batch = ?', loss, tokens, work.row.id, batch.batch)
    return outcome
  },

  ack(work, batch, { label, by, ...said }) {
    const { db, row, now } = work
    const { loss = batch.loss, tokens = batch.tokens } = said
    if (loss === null || tokens === null)
      return refused(batch, 'invalid_argument', `Batch ${batch.batch} has no loss yet; give it with this answer, or say before that it is trained.`)
    release(work, batch)
    const node = by === undefined ? (batch.node ?? 0) : numberOf(work, by)
    db.run('delete from batches where epoch = ? and batch = ?', row.id, batch.batch)
    db.run(
      'insert into settlements (epoch, place, batch, node, lease, loss, tokens, settled_at) values (?, ?, ?, ?, ?, ?, ?, ?)',
      row.id,
      ++row.settled,
      batch.batch,
      node,
      batch.lease,
      loss,
      tokens,
      now,
    )
    work.tallies.count(node, label, { loss, tokens })
    return { batch: batch.batch, state: 'settled', again: false }
  },

  nack(work, batch, { reason, untried = false, isFinal = false, by }) {
    const why = untried ? 'untried' : 'nacked'
    const isVoid = failBatch(work, batch, { why, reason, isFinal, ...(by !== undefined && { by: numberOf(work, by) }) })
    return { batch: batch.batch, state: isVoid ? 'void' : 'nacked' }
  },
}

const numberOf = (work: Work, name: string): number => (findNode(work, name) ?? addNode(work, name)).node

/** The node holds the batch for longer, also when its lease had run out. */
function hold(work: Work, batch: BatchRow, state: 'leased' | 'trained', ttlMs: number): BatchOutcome {
  const { db, row, now } = work
  const expiresAt = Math.min(now + ttlMs, batch.until ?? Infinity)
  if (expiresAt <= now) return refused(batch, 'lease_lost', `The node said that it would be gone by now; ask for a new lease of batch ${batch.batch}.`)
  row[batch.state]--
  row[state]++
  row.ttl_ms = Math.max(row.ttl_ms, ttlMs)
  if (batch.state === 'expired') holdMore(work, batch.node ?? 0, 1)
  const node = nodeNumbered(work, batch.node ?? 0)
  if (node) heard(work, node)
  db.run('update batches set state = ?, expires_at = ?, turn = null where epoch = ? and batch = ?', state, expiresAt, row.id, batch.batch)
  return { batch: batch.batch, state, expiresAt }
}

/** Takes all that a node says, in its order. */
export function takeReplies(work: Work, node: string, said: readonly BatchReply[]): BatchOutcome[] {
  if (!isClosed(work.row)) expireLeases(work)
  return said.map((reply) => takeReply(work, node, reply))
}
