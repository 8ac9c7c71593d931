import { randomUUID } from 'node:crypto'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { BatchLease, BatchResult, BatchState, EpochProgress, Ledger, Settlement } from '#schemas/ledger.ts'
import { requireFinite, requireInteger, requireText } from '../sqlite/arguments.ts'
import { clockSkewMs } from '../sqlite/clock-skew.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'

type LeaseRequest = Parameters<Ledger['lease']>[2]

interface EpochKey {
  planId: string
  epoch: number
}

interface EpochRow {
  fence: number
  closed: 0 | 1
  labels_sha256: string
}

interface BatchRow {
  batch: number
  label: string
  state: BatchState
  token: string | null
  node: string | null
  available_until: number | null
}

/** What happened to a batch. */
interface Occurrence {
  at: number
  node: string | null
  reason?: string
}

/**
 * A Ledger in a SQLite file that processes share. Its `events` table is append-only and tells when each batch came into each state.
 * @param clock times leases and stamps events; it must be the wall clock of all processes that share the file
 */
export function sqliteLedger(path: string, { clock }: { clock: Clock }): Ledger & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.ledger)
  return {
    async open(planId, epoch, labels) {
      requireKey({ planId, epoch })
      requireInteger('labels.length', labels.length, 1)
      for (const label of labels) requireText('labels', label, 1024)
      return db.transaction(() => openEpoch(db, { planId, epoch }, labels, clock.now()))
    },
    async lease(planId, epoch, request) {
      requireKey({ planId, epoch })
      requireLeaseRequest(request)
      return db.transaction(() => leaseBatches(db, { planId, epoch }, request, clock.now()))
    },
    async renew(lease, ttlMs) {
      requireInteger('ttlMs', ttlMs, 1)
      return db.transaction(() => renewLease(db, lease, ttlMs, clock.now()))
    },
    async nack(lease, reason) {
      requireText('reason', reason, 4096)
      db.transaction(() => {
        const batch = heldBatch(db, lease)
        enter(db, lease, batch.batch, 'nacked', { at: clock.now(), node: batch.node, reason })
        db.run('update batches set token = null, node = null where plan_id = ? and epoch = ? and batch = ?', lease.planId, lease.epoch, lease.batch)
      })
    },
    async settle(lease, result) {
      requireFinite('result.loss', result.loss, 0)
      requireInteger('result.tokens', result.tokens, 1)
      db.transaction(() => settleBatch(db, lease, result, clock.now()))
    },
    async close(planId, epoch) {
      requireKey({ planId, epoch })
      return db.transaction(() => closeEpoch(db, { planId, epoch }, clock.now()))
    },
    async progress(planId, epoch) {
      requireKey({ planId, epoch })
      return db.transaction(() => {
        expireLeases(db, { planId, epoch }, clock.now())
        return { ...progressOf(db, { planId, epoch }), settlements: settlementsOf(db, { planId, epoch }) }
      })
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

function findEpoch(db: Database, { planId, epoch }: EpochKey): EpochRow | undefined {
  return db.get<EpochRow>('select * from epochs where plan_id = ? and epoch = ?', planId, epoch)
}

function requireEpoch(db: Database, key: EpochKey): EpochRow {
  const found = findEpoch(db, key)
  if (found) return found
  throw new OrreryError('not_found', `Epoch ${key.epoch} of plan ${key.planId} was never opened; open it first.`, { planId: key.planId, epoch: key.epoch })
}

const fenced = ({ planId, epoch }: EpochKey) =>
  new OrreryError('fenced', `Epoch ${epoch} of plan ${planId} is closed; drop its work and ask for a lease of the next epoch.`, { planId, epoch })

/** The one way into a state: sets it and writes it down. */
function enter(db: Database, { planId, epoch }: EpochKey, batch: number, state: BatchState, { at, node, reason }: Occurrence): void {
  db.run('update batches set state = ? where plan_id = ? and epoch = ? and batch = ?', state, planId, epoch, batch)
  db.run(
    'insert into events (plan_id, epoch, batch, state, at, node, reason) values (?, ?, ?, ?, ?, ?, ?)',
    planId,
    epoch,
    batch,
    state,
    at,
    node,
    reason ?? null,
  )
}

function openEpoch(db: Database, key: EpochKey, labels: readonly string[], now: number): EpochProgress {
  const labelsSha256 = contentAddress(labels)
  const known = findEpoch(db, key)
  if (known?.closed) throw fenced(key)
  if (known && known.labels_sha256 !== labelsSha256)
    throw new OrreryError('conflict', `Epoch ${key.epoch} of plan ${key.planId} is open with other labels; a changed plan needs another id or epoch.`, {
      ...key,
    })
  if (!known) {
    db.run('insert into epochs (plan_id, epoch, fence, labels_sha256) values (?, ?, 1, ?)', key.planId, key.epoch, labelsSha256)
    for (const [batch, label] of labels.entries()) {
      db.run(`insert into batches (plan_id, epoch, batch, label, state) values (?, ?, ?, ?, 'planned')`, key.planId, key.epoch, batch, label)
      enter(db, key, batch, 'planned', { at: now, node: null })
    }
  }
  expireLeases(db, key, now)
  return progressOf(db, key)
}

/** Those that ran out, or were given by a clock that has gone back. The token stays: the first lease may still settle, until the batch is lent again. */
function expireLeases(db: Database, key: EpochKey, now: number): void {
  const due = db.all<BatchRow>(
    `select * from batches where plan_id = ? and epoch = ? and state = 'leased' and (expires_at <= ? or leased_at > ?) order by batch`,
    key.planId,
    key.epoch,
    now,
    now + clockSkewMs,
  )
  for (const { batch, node } of due) enter(db, key, batch, 'expired', { at: now, node })
}

function leaseBatches(db: Database, key: EpochKey, { node, limit, ttlMs, availableUntil }: LeaseRequest, now: number): BatchLease[] {
  const { fence, closed } = requireEpoch(db, key)
  if (closed) throw fenced(key)
  if (availableUntil !== undefined && availableUntil - now < ttlMs / 2) return []
  expireLeases(db, key, now)
  const expiresAt = Math.min(now + ttlMs, availableUntil ?? Infinity)
  const free = db.all<BatchRow>(
    `select * from batches where plan_id = ? and epoch = ? and state in ('planned', 'expired', 'nacked') order by batch limit ?`,
    key.planId,
    key.epoch,
    limit,
  )
  return free.map(({ batch, label }) => {
    const token = randomUUID()
    enter(db, key, batch, 'leased', { at: now, node })
    db.run(
      'update batches set token = ?, node = ?, leased_at = ?, expires_at = ?, available_until = ? where plan_id = ? and epoch = ? and batch = ?',
      token,
      node,
      now,
      expiresAt,
      availableUntil ?? null,
      key.planId,
      key.epoch,
      batch,
    )
    return { ...key, batch, label, token, fence, node, expiresAt }
  })
}

function findBatch(db: Database, { planId, epoch, batch }: BatchLease): BatchRow | undefined {
  return db.get<BatchRow>('select * from batches where plan_id = ? and epoch = ? and batch = ?', planId, epoch, batch)
}

/** The batch of a lease that still counts. @throws OrreryError `fenced`, `lease_lost`, `not_found` */
function heldBatch(db: Database, lease: BatchLease): BatchRow {
  const { fence, closed } = requireEpoch(db, lease)
  if (closed || lease.fence !== fence) throw fenced(lease)
  const found = findBatch(db, lease)
  if (found && found.token === lease.token && found.state !== 'settled') return found
  const why = found?.state === 'settled' ? 'it is settled' : 'it was given back or expired and was lent again'
  const { planId, epoch, batch } = lease
  throw new OrreryError('lease_lost', `The lease of batch ${batch} of epoch ${epoch}, plan ${planId}, is over: ${why}; drop its work.`, {
    planId,
    epoch,
    batch,
  })
}

function renewLease(db: Database, lease: BatchLease, ttlMs: number, now: number): number {
  expireLeases(db, lease, now)
  const { batch, state, node, available_until } = heldBatch(db, lease)
  const expiresAt = Math.min(now + ttlMs, available_until ?? Infinity)
  if (expiresAt <= now) throw new OrreryError('lease_lost', `Node ${node} said it would be gone by now; ask for a new lease of batch ${batch}.`, { batch })
  if (state !== 'leased') enter(db, lease, batch, 'leased', { at: now, node, reason: 'renewed' })
  db.run('update batches set leased_at = ?, expires_at = ? where plan_id = ? and epoch = ? and batch = ?', now, expiresAt, lease.planId, lease.epoch, batch)
  return expiresAt
}

function settleBatch(db: Database, lease: BatchLease, { loss, tokens }: BatchResult, now: number): void {
  const known = findBatch(db, lease)
  if (known?.state === 'settled' && known.token === lease.token) return
  const { batch, node } = heldBatch(db, lease)
  enter(db, lease, batch, 'trained', { at: now, node })
  enter(db, lease, batch, 'settled', { at: now, node })
  db.run(
    'insert into settlements (plan_id, epoch, batch, node, token, loss, tokens, settled_at) values (?, ?, ?, ?, ?, ?, ?, ?)',
    lease.planId,
    lease.epoch,
    batch,
    node,
    lease.token,
    loss,
    tokens,
    now,
  )
}

function closeEpoch(db: Database, key: EpochKey, now: number): EpochProgress {
  if (requireEpoch(db, key).closed) return progressOf(db, key)
  expireLeases(db, key, now)
  const open = db.all<BatchRow>(`select * from batches where plan_id = ? and epoch = ? and state <> 'settled' order by batch`, key.planId, key.epoch)
  for (const { batch, node } of open) enter(db, key, batch, 'void', { at: now, node })
  db.run('update epochs set closed = 1, fence = fence + 1 where plan_id = ? and epoch = ?', key.planId, key.epoch)
  return progressOf(db, key)
}

function progressOf(db: Database, key: EpochKey): EpochProgress {
  const { fence, closed } = requireEpoch(db, key)
  const states: EpochProgress['states'] = { planned: 0, leased: 0, trained: 0, settled: 0, expired: 0, nacked: 0, void: 0 }
  const counted = db.all<{ state: BatchState; count: number }>(
    'select state, count(*) as count from batches where plan_id = ? and epoch = ? group by state',
    key.planId,
    key.epoch,
  )
  for (const { state, count } of counted) states[state] = count
  return { ...key, fence, closed: closed === 1, states }
}

function settlementsOf(db: Database, key: EpochKey): Settlement[] {
  return db
    .all<Settlement>(
      `select s.batch, b.label, s.node, s.loss, s.tokens, s.settled_at as settledAt from settlements s
     join batches b using (plan_id, epoch, batch) where s.plan_id = ? and s.epoch = ? order by s.id`,
      key.planId,
      key.epoch,
    )
    .map((row) => ({ ...row }))
}

function requireKey({ planId, epoch }: EpochKey): void {
  requireText('planId', planId, 1024)
  requireInteger('epoch', epoch, 0)
}

function requireLeaseRequest({ node, limit, ttlMs, availableUntil }: LeaseRequest): void {
  requireText('node', node, 256)
  requireInteger('limit', limit, 1)
  requireInteger('ttlMs', ttlMs, 1)
  if (availableUntil !== undefined) requireInteger('availableUntil', availableUntil, 0)
}
