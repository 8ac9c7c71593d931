import { answersKept, type BatchLease, type LeaseAnswer, type LeaseRequest } from '#schemas/ledger.ts'
import { fenced, freeOf, isClosed } from './epochs.ts'
import { expireLeases, type BatchRow } from './failed.ts'
import { addNode, findNode, holdMore, type NodeRow, type Work } from './nodes.ts'
import { shareOf, takeBack } from './shares.ts'
import { tokenOf } from './tokens.ts'
import { hasSaidAll, heard, mostOfVoice, voiceOf } from './voices.ts'
import { asksAgainMsUsual, findPlace, served, wait, type Queued } from './waiting.ts'

/** @throws OrreryError `fenced` */
export function leaseBatches(work: Work, request: LeaseRequest): LeaseAnswer {
  const { row } = work
  if (isClosed(row)) throw fenced({ planId: row.plan_id, epoch: row.epoch })
  expireLeases(work)
  if (request.isGone) return { leases: [], waiting: waitOn(work, request) }
  const node = findNode(work, request.node)
  const before = node && request.requestId !== undefined && !request.batches ? answeredBefore(work, node, request.requestId) : undefined
  if (before) return { leases: before, waiting: null }
  const { availableForMs = Infinity } = request
  const held = node?.outstanding ?? 0
  if (availableForMs < request.ttlMs / 2 || held >= request.outstandingMax) return { leases: [], waiting: null }
  if (request.batches) return { leases: lendThese(work, request, node ?? addNode(work, request.node, request.operator), request.batches), waiting: null }
  const place = findPlace(work, request.node)
  const isNew = held === 0 && place.ticket === undefined
  let chosen = choose(work, request, node, place)
  if (chosen.batches.length === 0 && held === 0 && takeBack(work, row.waiting + (isNew ? 1 : 0)) > 0) chosen = choose(work, request, node, place)
  if (chosen.batches.length === 0 && held === 0 && !chosen.isPassedOver)
    return { leases: [], waiting: wait(work, request.node, place, request.asksAgainMs ?? asksAgainMsUsual) }
  served(work, place)
  if (chosen.batches.length === 0) return { leases: [], waiting: null }
  return { leases: lend(work, request, node ?? addNode(work, request.node, request.operator), chosen.batches), waiting: null }
}

/** Only who waits already. */
function waitOn(work: Work, { node, asksAgainMs = asksAgainMsUsual }: LeaseRequest): LeaseAnswer['waiting'] {
  const place = findPlace(work, node)
  return place.ticket === undefined ? null : wait(work, node, place, asksAgainMs)
}

/**
 * What the node gets: no more than it may hold, and nothing that others wait for. It `isPassedOver` when it was its turn, but it has failed all that there
 * is: then nothing is kept for it.
 */
function choose(
  work: Work,
  { node: name, operator, limit, outstandingMax }: LeaseRequest,
  node: NodeRow | undefined,
  place: Queued,
): { batches: number[]; isPassedOver: boolean } {
  const { row } = work
  const held = node?.outstanding ?? 0
  const others = row.waiting - (place.ticket === undefined ? 0 : 1)
  const allowed = Math.min(limit, outstandingMax - held)
  const fair = others === 0 ? allowed : Math.min(allowed, shareOf(work, row.waiting + (held === 0 && place.ticket === undefined ? 1 : 0)) - held)
  const most = Math.min(fair, freeOf(row) - place.ahead)
  const taker = { node, voice: node?.voice ?? voiceOf(name, operator), around: row.holding - (held > 0 ? 1 : 0) + others }
  const batches = take(work, most, taker)
  return { batches, isPassedOver: most > 0 && batches.length === 0 }
}

/** Who takes batches. */
interface Taker {
  node: NodeRow | undefined
  voice: string
  /** Other nodes that hold something or wait. */
  around: number
}

function take(work: Work, most: number, taker: Taker): number[] {
  const { db, row } = work
  if (most <= 0) return []
  const chosen = db
    .all<{ batch: number }>('select batch from batches where epoch = ? and turn = 0 order by batch limit ?', row.id, most)
    .map(({ batch }) => batch)
  for (let batch = nextPlanned(work); batch !== undefined && chosen.length < most; batch = nextPlanned(work)) {
    chosen.push(batch)
    row.begun++
  }
  if (chosen.length < most) for (const batch of takeFailed(work, most - chosen.length, taker)) chosen.push(batch)
  return chosen
}

/** A call passes so many batches that were asked for by their number before it came to them. */
const passedMax = 1000

/** The first batch that nobody had, from which on the count goes on. */
function nextPlanned({ db, row }: Work): number | undefined {
  const isTaken = (batch: number): boolean =>
    db.get('select 1 from batches where epoch = ?1 and batch = ?2 union all select 1 from settlements where epoch = ?1 and batch = ?2', row.id, batch) !==
    undefined
  for (let passed = 0; row.ahead > 0 && isTaken(row.begun); passed++) {
    if (passed === passedMax) return undefined
    row.begun++
    row.ahead--
  }
  return row.begun < row.batches ? row.begun : undefined
}

/** Of those that were asked for by their number what nobody else has. */
function lendThese(work: Work, request: LeaseRequest, node: NodeRow, batches: readonly number[]): BatchLease[] {
  const { db, row } = work
  const [own, free]: [BatchLease[], number[]] = [[], []]
  for (const batch of new Set(batches)) {
    if (own.length + free.length >= request.limit || batch >= row.batches) continue
    const known = db.get<BatchRow & { attempts: number; expires_at: number }>('select * from batches where epoch = ? and batch = ?', row.id, batch)
    const settled = known ? undefined : settledBy(work, batch)
    const isFree = known ? known.state === 'expired' || known.state === 'nacked' : !settled && batch >= row.begun
    if (settled?.node === node.node) own.push(leaseOf(work, node, { batch, lease: settled.lease, attempt: 0, expiresAt: settled.settled_at }))
    else if (isFree && node.outstanding + free.length < request.outstandingMax) {
      if (!known) row.ahead++
      free.push(batch)
    } else if (known?.node === node.node && known.lease !== null && (known.state === 'leased' || known.state === 'trained'))
      own.push(leaseOf(work, node, { batch, lease: known.lease, attempt: known.attempts, expiresAt: known.expires_at }))
  }
  const given = lend(work, request, node, free)
  // What is asked for in the order of the plan leaves nothing to be passed later.
  nextPlanned(work)
  return [...own, ...given].toSorted((a, b) => a.batch - b.batch)
}

const settledBy = ({ db, row }: Work, batch: number) =>
  db.get<{ node: number; lease: number; settled_at: number }>('select node, lease, settled_at from settlements where epoch = ? and batch = ?', row.id, batch)

/** Of those that failed a call looks at so many more than it gives. */
const failedLooks = 256

/** A batch does not go back to a node that has failed it while another is around that has not, nor to an operator whose word on it is said. */
function takeFailed(work: Work, wanted: number, { node, voice, around }: Taker): number[] {
  const { db, row } = work
  const most = mostOfVoice(work)
  const failed = db.all<{ batch: number }>(
    'select batch from batches where epoch = ? and turn > 0 order by turn, batch limit ?',
    row.id,
    wanted + (most.isCapped || (node && around > 0) ? failedLooks : 0),
  )
  const mayHave = ({ batch }: { batch: number }): boolean => {
    if (hasSaidAll(work, voice, batch, most)) return false
    if (!node || around === 0) return true
    const nodes = db.all<{ node: number }>('select distinct node from failures where epoch = ? and batch = ?', row.id, batch)
    const others = nodes.filter((each) => each.node !== node.node).length
    return others === nodes.length || others >= around
  }
  const chosen: number[] = []
  for (const each of failed) if (chosen.length < wanted && mayHave(each)) chosen.push(each.batch)
  return chosen
}

function lend(work: Work, request: LeaseRequest, node: NodeRow, batches: readonly number[]): BatchLease[] {
  const { db, row, now } = work
  const until = request.availableForMs === undefined ? null : now + request.availableForMs
  const expiresAt = Math.min(now + request.ttlMs, until ?? Infinity)
  row.ttl_ms = Math.max(row.ttl_ms, request.ttlMs)
  const leases = batches.map((batch) => {
    const former = db.get<{ state: 'expired' | 'nacked'; attempts: number }>('select state, attempts from batches where epoch = ? and batch = ?', row.id, batch)
    if (former) row[former.state]--
    row.leased++
    const [lease, attempt] = [++row.leases, (former?.attempts ?? 0) + 1]
    db.run(
      `insert into batches (epoch, batch, state, node, lease, expires_at, until, attempts) values (?, ?, 'leased', ?, ?, ?, ?, ?)
       on conflict do update set state = 'leased', node = excluded.node, lease = excluded.lease, expires_at = excluded.expires_at, until = excluded.until,
         attempts = excluded.attempts, turn = null, loss = null, tokens = null`,
      row.id,
      batch,
      node.node,
      lease,
      expiresAt,
      until,
      attempt,
    )
    return leaseOf(work, node, { batch, lease, attempt, expiresAt })
  })
  holdMore(work, node.node, leases.length)
  if (leases.length > 0) heard(work, node)
  if (request.requestId !== undefined && !request.batches) remember(work, node, request.requestId, batches)
  return leases
}

function leaseOf(
  { row, secret }: Work,
  node: NodeRow,
  { batch, lease, attempt, expiresAt }: { batch: number; lease: number; attempt: number; expiresAt: number },
): BatchLease {
  const token = tokenOf(secret, { epoch: row.id, batch, lease, node: node.name })
  return { planId: row.plan_id, epoch: row.epoch, batch, token, fence: row.fence, node: node.name, attempt, expiresAt }
}

/** Leases are numbered without a gap: those of a request are the last that were given. */
function remember({ db, row, now }: Work, node: NodeRow, id: string, batches: readonly number[]): void {
  const leases = batches.map((batch, n) => [batch, row.leases - batches.length + 1 + n])
  db.run('insert into requests (epoch, node, id, at, leases) values (?, ?, ?, ?, ?)', row.id, node.node, id, now, JSON.stringify(leases))
  db.run(
    'delete from requests where epoch = ? and node = ? and number <= (select number from requests where epoch = ? and node = ? order by number desc limit 1 offset ?)',
    row.id,
    node.node,
    row.id,
    node.node,
    answersKept,
  )
}

/** The leases of a request that are still the node's; undefined for a request that is not known. */
function answeredBefore(work: Work, node: NodeRow, id: string): BatchLease[] | undefined {
  const { db, row } = work
  const known = db.get<{ leases: string }>('select leases from requests where epoch = ? and node = ? and id = ?', row.id, node.node, id)
  if (!known) return undefined
  return (JSON.parse(known.leases) as [number, number][]).flatMap(([batch, lease]) => {
    const found = db.get<{ attempts: number; expires_at: number }>(
      'select attempts, expires_at from batches where epoch = ? and batch = ? and lease = ? and expires_at is not null',
      row.id,
      batch,
      lease,
    )
    return found ? [leaseOf(work, node, { batch, lease, attempt: found.attempts, expiresAt: found.expires_at })] : []
  })
}
