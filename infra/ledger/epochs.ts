import { OrreryError } from '#schemas/errors.ts'
import { countedEpochs, keptEpochs, type EpochProgress } from '#schemas/ledger.ts'
import type { Database } from '../sqlite/database.ts'

export interface EpochKey {
  planId: string
  epoch: number
}

/** An epoch as its row says (infra/sqlite/schema.ts), and as the work of one call changes it. */
export interface EpochRow {
  readonly id: number
  readonly plan_id: string
  readonly epoch: number
  fence: number
  readonly batches: number
  readonly attempts_max: number
  begun: number
  ahead: number
  leased: number
  trained: number
  settled: number
  expired: number
  nacked: number
  void: number
  holding: number
  waiting: number
  leases: number
  nodes: number
  failures: number
  ttl_ms: number
  ended: number | null
  kept: 0 | 1 | 2
}

const ofEpoch = 'where plan_id = ? and epoch = ?'

/** How many could be lent. */
export const freeOf = (row: EpochRow): number => row.expired + row.nacked + plannedOf(row)

/** How many nobody had yet. */
const plannedOf = ({ batches, begun, ahead }: EpochRow): number => batches - begun - ahead

export const isClosed = ({ ended }: EpochRow): boolean => ended !== null

export const fenced = ({ planId, epoch }: EpochKey): OrreryError =>
  new OrreryError('fenced', `Epoch ${epoch} of plan ${planId} is closed; drop its work and ask for a lease of the next epoch.`, { planId, epoch })

function findEpoch(db: Database, { planId, epoch }: EpochKey): EpochRow | undefined {
  return db.get<EpochRow>(`select * from epochs ${ofEpoch}`, planId, epoch)
}

/** @throws OrreryError `not_found` */
export function requireEpoch(db: Database, key: EpochKey): EpochRow {
  const found = findEpoch(db, key)
  if (found) return found
  throw new OrreryError('not_found', `Epoch ${key.epoch} of plan ${key.planId} was never opened; open it first.`, { planId: key.planId, epoch: key.epoch })
}

/** Writes what a call changed of the counts, if anything: without it nothing has to be synced. */
export function saveEpoch(db: Database, row: EpochRow, before: EpochRow): void {
  if (JSON.stringify(row) === JSON.stringify(before)) return
  db.run(
    `update epochs set begun = ?, ahead = ?, leased = ?, trained = ?, settled = ?, expired = ?, nacked = ?, void = ?, holding = ?, waiting = ?, leases = ?, nodes = ?, failures = ?, ttl_ms = ?
     where id = ?`,
    row.begun,
    row.ahead,
    row.leased,
    row.trained,
    row.settled,
    row.expired,
    row.nacked,
    row.void,
    row.holding,
    row.waiting,
    row.leases,
    row.nodes,
    row.failures,
    row.ttl_ms,
    row.id,
  )
}

/** @returns the row, new or as it was @throws OrreryError `conflict`, `fenced` */
export function openEpoch(db: Database, key: EpochKey, batches: number, attemptsMax: number): { row: EpochRow; isNew: boolean } {
  const known = findEpoch(db, key)
  if (known && isClosed(known)) throw fenced(key)
  if (known && known.batches !== batches)
    throw new OrreryError(
      'conflict',
      `Epoch ${key.epoch} of plan ${key.planId} is open with ${known.batches} batches, not ${batches}; a changed plan needs another id or epoch.`,
      { ...key },
    )
  if (known) return { row: known, isNew: false }
  db.run('insert into epochs (plan_id, epoch, batches, attempts_max) values (?, ?, ?, ?)', key.planId, key.epoch, batches, attemptsMax)
  return { row: requireEpoch(db, key), isNew: true }
}

/** What was lent is void from now on; its rows are deleted little by little. */
export function closeEpoch(db: Database, key: EpochKey): EpochRow {
  const row = requireEpoch(db, key)
  if (isClosed(row)) return row
  const { ended } = db.get<{ ended: number }>('select coalesce(max(ended), 0) + 1 as ended from epochs') ?? { ended: 1 }
  db.run('update epochs set fence = fence + 1, ended = ?, kept = 1, untidy = 1, holding = 0, waiting = 0 where id = ?', ended, row.id)
  db.run('update epochs set kept = 0, untidy = 1 where ended <= ? and kept = 1', ended - keptEpochs)
  db.run('delete from epochs where ended <= ? and kept = 0 and untidy = 0', ended - countedEpochs)
  return requireEpoch(db, key)
}

export function progressOf(row: EpochRow): EpochProgress {
  const { plan_id, epoch, fence, batches, leased, trained, settled, expired, nacked, holding, waiting } = row
  const known = { planId: plan_id, epoch, fence }
  if (isClosed(row)) {
    const none = { planned: 0, leased: 0, trained: 0, expired: 0, nacked: 0 }
    return { ...known, closed: true, states: { ...none, settled, void: batches - settled }, holding: 0, waiting: 0 }
  }
  return { ...known, closed: false, states: { planned: plannedOf(row), leased, trained, settled, expired, nacked, void: row.void }, holding, waiting }
}

/** Rows of each table that one commit deletes at most: as many as it may bring, so that what is kept no longer goes sooner than it comes. */
const tidiedMax = 1000

/** Deletes some of what is kept no longer. */
export function tidyEpochs(db: Database): void {
  const due = db.get<{ id: number; kept: number }>('select id, kept from epochs where untidy = 1 order by id limit 1')
  if (!due) return
  const { id, kept } = due
  const some = (table: string, column: string): number =>
    db.run(`delete from ${table} where epoch = ? and ${column} in (select ${column} from ${table} where epoch = ? limit ${tidiedMax})`, id, id)
  let most = Math.max(some('batches', 'batch'), some('requests', 'number'), some('voices', 'name'))
  if (kept === 0) most = Math.max(most, some('settlements', 'place'), some('failures', 'place'), some('nodes', 'node'), some('labels', 'name'))
  if (most < tidiedMax) db.run('update epochs set untidy = 0 where id = ?', id)
}
