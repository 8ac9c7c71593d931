import { randomUUID } from 'node:crypto'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { bodyBytesMax, longestLeaseMs, rememberedMs, type Failure, type Lease, type Leased, type Message, type Queue, type QueueStats } from '#schemas/queue.ts'
import { refuse, requireInteger, requireText } from '../sqlite/arguments.ts'
import { clockSkewMs } from '../sqlite/clock-skew.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { groupCommit } from '../sqlite/group-commit.ts'
import { fileSchemas } from '../sqlite/schema.ts'

const keyBytesMax = 1024
/** Between two syncs to disk while nothing but messages comes: 20 a second, however many pages become documents. */
const patienceMs = 50
/** Leases that ran out and are looked at in one claim; those of a long queue come back little by little. */
const wokenMax = 1000
/** Ended messages that one commit forgets. */
const forgottenMax = 500

/**
 * A Queue in a SQLite file that processes share; one file may hold several, by name. Calls that come together share one sync to disk.
 * @param clock times leases; it must be the wall clock of all processes that share the file
 */
export function sqliteQueue(path: string, name: string, { clock }: { clock: Clock }): Queue & AsyncDisposable {
  requireText('queue name', name, 256)
  const db = openDatabase(path, fileSchemas.queue)
  const { run, flush } = groupCommit(db, { beforeCommit: () => forget(db, clock.now()), rolledBack: () => undefined }, patienceMs)
  return {
    async add(messages) {
      const rows = messages.map(toRow)
      return run(() => rows.reduce((added, { key, body }) => added + addMessage(db, name, key, body), 0), 'patient')
    },
    async claim({ limit, leaseMs, bytesMax = Number.MAX_SAFE_INTEGER }) {
      requireInteger('limit', limit, 1)
      requireInteger('bytesMax', bytesMax, 1)
      requireInteger('leaseMs', leaseMs, 1, longestLeaseMs)
      return run(() => {
        const now = clock.now()
        wake(db, name, now, Math.max(limit, wokenMax))
        return lend(db, name, readyIds(db, name, limit, bytesMax), now, now + leaseMs)
      })
    },
    async extend(leases, leaseMs) {
      requireInteger('leaseMs', leaseMs, 1, longestLeaseMs)
      return run(() => {
        const now = clock.now()
        requireHeld(db, name, leases)
        for (const lease of leases) move(db, name, lease, `state = 'leased', leased_at = ?, expires_at = ?`, now, now + leaseMs)
        return now + leaseMs
      })
    },
    async done(leases) {
      return run(() => {
        requireHeld(db, name, leases)
        for (const lease of leases) move(db, name, lease, `state = 'done', body = null, reason = null, ended_at = ?, ${unlent}`, clock.now())
      })
    },
    async fail(lease, failure) {
      requireFailure(failure)
      return run(() => {
        requireHeld(db, name, [lease])
        const { reason, retryAt } = failure
        if (retryAt === undefined) move(db, name, lease, `state = 'dead', reason = ?, ended_at = ?, ${unlent}`, reason, clock.now())
        else move(db, name, lease, `state = 'later', reason = ?, ready_at = ?, ${unlent}`, reason, retryAt)
      })
    },
    async stats() {
      return run(() => countAll(db, name, clock.now()))
    },
    async [Symbol.asyncDispose]() {
      flush()
      db[Symbol.dispose]()
    },
  }
}

function toRow({ key, body }: Message): { key: string; body: string } {
  requireText('message.key', key, keyBytesMax)
  const text = jsonOf(key, body)
  if (Buffer.byteLength(text) <= bodyBytesMax) return { key, body: text }
  throw new OrreryError('too_large', `The body of message "${key}" has more than ${bodyBytesMax} bytes; put it into the object store and name it here.`, {
    key,
  })
}

function jsonOf(key: string, body: unknown): string {
  try {
    return canonicalJson(body)
  } catch (cause) {
    throw Object.assign(refuse('message.body', key, `a body that JSON can say (${String(cause)})`), { cause })
  }
}

function requireFailure({ reason, retryAt }: Failure): void {
  requireText('failure.reason', reason, 4096)
  if (retryAt !== undefined) requireInteger('failure.retryAt', retryAt, 0)
}

const addMessage = (db: Database, name: string, key: string, body: string): number =>
  db.run('insert into messages (queue, key, body) values (?, ?, ?) on conflict do nothing', name, key, body)

/** Leases that ran out, and those given by a clock that was ahead and has gone back: each a condition on one index, with its bound. */
const over = (now: number): [condition: string, bound: number][] => [
  ['expires_at <= ? order by expires_at, id', now],
  ['leased_at > ? order by leased_at, id', now + clockSkewMs],
]

/** Brings to the present: expired leases and due retries are ready again. The token of an expired lease stays good until the message is lent again. */
function wake(db: Database, name: string, now: number, limit: number): void {
  const change = (from: string, condition: string, bound: number) => {
    const ids = `select id from messages where queue = ? and state = '${from}' and ${condition} limit ?`
    db.run(`update messages set state = 'ready', ready_at = null where id in (${ids})`, name, bound, limit)
  }
  for (const [condition, bound] of over(now)) change('leased', condition, bound)
  change('later', 'ready_at <= ? order by ready_at, id', now)
}

/** The next messages, in the order of adding: at least one, then as many as have `bytesMax` bytes together. */
function readyIds(db: Database, name: string, limit: number, bytesMax: number): number[] {
  const ready = `select id, octet_length(body) as bytes from messages where queue = ? and state = 'ready' order by id limit ?`
  const ids: number[] = []
  let bytesLeft = bytesMax
  for (const { id, bytes } of db.all<{ id: number; bytes: number }>(ready, name, limit)) {
    bytesLeft -= bytes
    if (bytesLeft < 0 && ids.length > 0) break
    ids.push(id)
  }
  return ids
}

interface LentRow {
  key: string
  body: string
  attempt: number
}

function lend(db: Database, name: string, ids: readonly number[], now: number, expiresAt: number): Leased[] {
  const change = `state = 'leased', attempt = attempt + 1, token = ?, leased_at = ?, expires_at = ?`
  const lending = `update messages set ${change} where queue = ? and id = ? returning key, body, attempt`
  return ids.map((id) => {
    const token = randomUUID()
    const { key, body, attempt } = db.get<LentRow>(lending, token, now, expiresAt, name, id) as LentRow
    return { key, body: JSON.parse(body) as unknown, token, expiresAt, attempt }
  })
}

/** Before anything of a call is changed. @throws OrreryError `lease_lost` for messages that somebody else got since, that are finished, or that are named twice */
function requireHeld(db: Database, name: string, leases: readonly Lease[]): void {
  const tokens = new Set<string>()
  for (const { key, token } of leases) {
    const isHeld = !tokens.has(token) && db.get('select 1 from messages where queue = ? and key = ? and token = ?', name, key, token) !== undefined
    tokens.add(token)
    if (isHeld) continue
    const message = `The lease of message "${key}" in queue "${name}" is over: it expired and was lent again, or was finished; drop its work.`
    throw new OrreryError('lease_lost', message, { queue: name, key })
  }
}

const unlent = 'token = null, leased_at = null, expires_at = null'

const move = (db: Database, name: string, { key, token }: Lease, change: string, ...values: (string | number)[]): number =>
  db.run(`update messages set ${change} where queue = ? and key = ? and token = ?`, ...values, name, key, token)

/** Of any queue in the file. A message that a clock ended which was ahead goes too. */
function forget(db: Database, now: number): void {
  const ended = `select id from messages where ended_at <= ? or ended_at > ? limit ?`
  db.run(`delete from messages where id in (${ended})`, now - rememberedMs, now + rememberedMs, forgottenMax)
}

function countAll(db: Database, name: string, now: number): QueueStats {
  const rows = db.all<{ state: string; count: number }>('select state, count from tallies where queue = ?', name)
  const counts = new Map(rows.map(({ state, count }) => [state, count]))
  const of = (state: string) => counts.get(state) ?? 0
  const overdue = over(now).reduce((sum, [condition, bound]) => {
    const counting = `select count(*) as count from (select 1 from messages where queue = ? and state = 'leased' and ${condition})`
    return sum + (db.get<{ count: number }>(counting, name, bound)?.count ?? 0)
  }, 0)
  return { waiting: of('ready') + of('later') + overdue, leased: of('leased') - overdue, done: of('done'), dead: of('dead') }
}
