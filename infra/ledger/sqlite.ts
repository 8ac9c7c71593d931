import { randomUUID } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import {
  countedEpochs,
  keptEpochs,
  type BatchLease,
  type BatchResult,
  type BatchState,
  type EpochProgress,
  type Ledger,
  type Settlement,
} from '#schemas/ledger.ts'
import { requireFinite, requireInteger, requireText } from '../sqlite/arguments.ts'
import { clockSkewMs } from '../sqlite/clock-skew.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'

type LeaseRequest = Parameters<Ledger['lease']>[2]
type Page = Parameters<Ledger['settlements']>[2]

interface EpochKey {
  planId: string
  epoch: number
}

interface EpochRow {
  fence: number
  closed: 0 | 1
  batches: number
  /** All batches below have a row. */
  leased: number
  settled: number
  kept: 0 | 1 | 2
}

interface BatchRow {
  batch: number
  state: BatchState
  token: string | null
  node: string | null
  available_until: number | null
}

const batchesMax = 2 ** 31
const pageMax = 10_000

/**
 * A Ledger in a SQLite file that processes share.
 * @param clock times leases and stamps settlements; it must be the wall clock of all processes that share the file
 */
export function sqliteLedger(path: string, { clock }: { clock: Clock }): Ledger & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.ledger)
  return {
    async open(planId, epoch, batches) {
      requireKey({ planId, epoch })
      requireInteger('batches', batches, 1, batchesMax)
      return db.transaction(() => openEpoch(db, { planId, epoch }, batches, clock.now()))
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
        heldBatch(db, lease)
        db.run(`update batches set state = 'nacked', token = null, node = null, reason = ? ${ofBatch}`, reason, lease.planId, lease.epoch, lease.batch)
      })
    },
    async settle(lease, result) {
      requireFinite('result.loss', result.loss, 0)
      requireInteger('result.tokens', result.tokens, 1)
      db.transaction(() => settleBatch(db, lease, result, clock.now()))
    },
    async close(planId, epoch) {
      requireKey({ planId, epoch })
      return db.transaction(() => closeEpoch(db, { planId, epoch }))
    },
    async progress(planId, epoch) {
      requireKey({ planId, epoch })
      return db.transaction(() => {
        expireLeases(db, { planId, epoch }, clock.now())
        return progressOf(db, { planId, epoch })
      })
    },
    async settlements(planId, epoch, page) {
      requireKey({ planId, epoch })
      requireInteger('limit', page.limit, 1, pageMax)
      if (page.after !== undefined) requireInteger('after', page.after, 0)
      return settlementsOf(db, { planId, epoch }, page)
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

const ofEpoch = 'where plan_id = ? and epoch = ?'
const ofBatch = `${ofEpoch} and batch = ?`

function findEpoch(db: Database, { planId, epoch }: EpochKey): EpochRow | undefined {
  return db.get<EpochRow>(`select * from epochs ${ofEpoch}`, planId, epoch)
}

function requireEpoch(db: Database, key: EpochKey): EpochRow {
  const found = findEpoch(db, key)
  if (found) return found
  throw new OrreryError('not_found', `Epoch ${key.epoch} of plan ${key.planId} was never opened; open it first.`, { planId: key.planId, epoch: key.epoch })
}

const fenced = ({ planId, epoch }: EpochKey) =>
  new OrreryError('fenced', `Epoch ${epoch} of plan ${planId} is closed; drop its work and ask for a lease of the next epoch.`, { planId, epoch })

function openEpoch(db: Database, key: EpochKey, batches: number, now: number): EpochProgress {
  const known = findEpoch(db, key)
  if (known?.closed) throw fenced(key)
  if (known && known.batches !== batches)
    throw new OrreryError(
      'conflict',
      `Epoch ${key.epoch} of plan ${key.planId} is open with ${known.batches} batches, not ${batches}; a changed plan needs another id or epoch.`,
      { ...key },
    )
  if (!known) db.run('insert into epochs (plan_id, epoch, fence, batches) values (?, ?, 1, ?)', key.planId, key.epoch, batches)
  expireLeases(db, key, now)
  return progressOf(db, key)
}

/** Those that ran out, or were given by a clock that has gone back. The token stays: the first lease may still settle, until the batch is lent again. */
function expireLeases(db: Database, key: EpochKey, now: number): void {
  db.run(
    `update batches set state = 'expired' ${ofEpoch} and state = 'leased' and (expires_at <= ? or leased_at > ?)`,
    key.planId,
    key.epoch,
    now,
    now + clockSkewMs,
  )
}

function leaseBatches(db: Database, key: EpochKey, request: LeaseRequest, now: number): BatchLease[] {
  const { node, limit, ttlMs, availableUntil } = request
  const { fence, closed, leased, batches } = requireEpoch(db, key)
  if (closed) throw fenced(key)
  if (availableUntil !== undefined && availableUntil - now < ttlMs / 2) return []
  expireLeases(db, key, now)
  const waiting = (state: BatchState, most: number): number[] =>
    db
      .all<{ batch: number }>(`select batch from batches ${ofEpoch} and state = ? order by batch limit ?`, key.planId, key.epoch, state, most)
      .map(({ batch }) => batch)
  const given = waiting('expired', limit)
  const end = Math.min(batches, leased + limit - given.length)
  for (let batch = leased; batch < end; batch++) given.push(batch)
  for (const batch of waiting('nacked', limit - given.length)) given.push(batch)
  if (end > leased) db.run(`update epochs set leased = ? ${ofEpoch}`, end, key.planId, key.epoch)
  const expiresAt = Math.min(now + ttlMs, availableUntil ?? Infinity)
  return given.map((batch) => {
    const token = randomUUID()
    db.run(
      `insert into batches (plan_id, epoch, batch, state, token, node, leased_at, expires_at, available_until) values (?, ?, ?, 'leased', ?, ?, ?, ?, ?)
       on conflict do update set state = 'leased', token = excluded.token, node = excluded.node, leased_at = excluded.leased_at,
         expires_at = excluded.expires_at, available_until = excluded.available_until`,
      key.planId,
      key.epoch,
      batch,
      token,
      node,
      now,
      expiresAt,
      availableUntil ?? null,
    )
    return { ...key, batch, token, fence, node, expiresAt }
  })
}

function findBatch(db: Database, { planId, epoch, batch }: BatchLease): BatchRow | undefined {
  return db.get<BatchRow>(`select * from batches ${ofBatch}`, planId, epoch, batch)
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
  const { batch, node, available_until } = heldBatch(db, lease)
  const expiresAt = Math.min(now + ttlMs, available_until ?? Infinity)
  if (expiresAt <= now) throw new OrreryError('lease_lost', `Node ${node} said it would be gone by now; ask for a new lease of batch ${batch}.`, { batch })
  db.run(`update batches set state = 'leased', leased_at = ?, expires_at = ? ${ofBatch}`, now, expiresAt, lease.planId, lease.epoch, batch)
  return expiresAt
}

function settleBatch(db: Database, lease: BatchLease, { loss, tokens }: BatchResult, now: number): void {
  const { planId, epoch, token } = lease
  const known = findBatch(db, lease)
  if (known?.state === 'settled' && known.token === token) return
  const { batch, node } = heldBatch(db, lease)
  db.run(`update batches set state = 'settled' ${ofBatch}`, planId, epoch, batch)
  db.run(`update epochs set settled = settled + 1 ${ofEpoch}`, planId, epoch)
  db.run(
    'insert into settlements (plan_id, epoch, batch, node, token, loss, tokens, settled_at) values (?, ?, ?, ?, ?, ?, ?, ?)',
    planId,
    epoch,
    batch,
    node,
    token,
    loss,
    tokens,
    now,
  )
}

function closeEpoch(db: Database, key: EpochKey): EpochProgress {
  const { closed, batches } = requireEpoch(db, key)
  if (closed) return progressOf(db, key)
  const { ended } = db.get<{ ended: number }>('select coalesce(max(ended), 0) + 1 as ended from epochs') ?? { ended: 1 }
  db.run(`update epochs set closed = 1, fence = fence + 1, ended = ? ${ofEpoch}`, ended, key.planId, key.epoch)
  forgetEpochs(db, ended - keptEpochs, Math.max(rowsForgottenMin, 2 * batches))
  db.run('delete from epochs where ended <= ? and kept = 0', ended - countedEpochs)
  return progressOf(db, key)
}

/** Rows of closed epochs deleted at a time, at least. Twice as many as come in, so that each is gone in the end, and no call takes long for what others left. */
const rowsForgottenMin = 1000

/** Deletes what is kept of the batches of the epochs that ended as the `upTo`-th or before, the oldest first, up to so many rows. */
function forgetEpochs(db: Database, upTo: number, rows: number): void {
  const due = db.all<{ plan_id: string; epoch: number }>('select plan_id, epoch from epochs where ended <= ? and kept > 0 order by ended limit 2', upTo)
  for (const { plan_id, epoch } of due) {
    db.run(`update epochs set kept = 2 ${ofEpoch}`, plan_id, epoch)
    const settlements = db.run(`delete from settlements where id in (select id from settlements ${ofEpoch} limit ?)`, plan_id, epoch, rows)
    const batches = db.run(`delete from batches ${ofEpoch} and batch in (select batch from batches ${ofEpoch} limit ?)`, plan_id, epoch, plan_id, epoch, rows)
    if (settlements < rows && batches < rows) db.run(`update epochs set kept = 0 ${ofEpoch}`, plan_id, epoch)
  }
}

function progressOf(db: Database, key: EpochKey): EpochProgress {
  const { fence, closed, batches, leased, settled } = requireEpoch(db, key)
  const states: EpochProgress['states'] = { planned: 0, leased: 0, settled, expired: 0, nacked: 0, void: 0 }
  if (closed === 1) return { ...key, fence, closed: true, states: { ...states, void: batches - settled } }
  const counted = db.all<{ state: BatchState; count: number }>(
    `select state, count(*) as count from batches ${ofEpoch} and state <> 'settled' group by state`,
    key.planId,
    key.epoch,
  )
  for (const { state, count } of counted) states[state] = count
  return { ...key, fence, closed: false, states: { ...states, planned: batches - leased } }
}

function settlementsOf(db: Database, key: EpochKey, { after = 0, limit }: Page): Settlement[] {
  if (requireEpoch(db, key).kept !== 1) return []
  return db
    .all<Settlement>(
      `select id as place, batch, node, loss, tokens, settled_at as settledAt from settlements ${ofEpoch} and id > ? order by id limit ?`,
      key.planId,
      key.epoch,
      after,
      limit,
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
