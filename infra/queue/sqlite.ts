import { randomUUID } from 'node:crypto'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Failure, Leased, Message, Queue, QueueStats } from '#schemas/queue.ts'
import { refuse, requireInteger, requireText } from '../sqlite/arguments.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'

const keyBytesMax = 1024

interface MessageRow {
  key: string
  body: string
  attempt: number
}

/**
 * A Queue in a SQLite file that processes share; one file may hold several, by name.
 * @param clock times leases; it must be the wall clock of all processes that share the file
 */
export function sqliteQueue(path: string, name: string, { clock }: { clock: Clock }): Queue & AsyncDisposable {
  requireText('queue name', name, 256)
  const db = openDatabase(path, fileSchemas.queue)
  return {
    async add(messages) {
      const rows = messages.map(toRow)
      return db.transaction(() => rows.reduce((added, { key, body }) => added + addMessage(db, name, key, body), 0))
    },
    async claim({ limit, leaseMs }) {
      requireInteger('limit', limit, 1)
      requireInteger('leaseMs', leaseMs, 1)
      return db.transaction(() => {
        const now = clock.now()
        wake(db, name, now)
        return claimMessages(db, name, limit, now + leaseMs)
      })
    },
    async extend(lease, leaseMs) {
      requireInteger('leaseMs', leaseMs, 1)
      const expiresAt = clock.now() + leaseMs
      db.transaction(() => move(db, name, lease, `state = 'leased', expires_at = ?`, expiresAt))
      return expiresAt
    },
    async done(leases) {
      db.transaction(() => {
        for (const lease of leases) move(db, name, lease, `state = 'done', token = null, expires_at = null, reason = null`)
      })
    },
    async fail(lease, failure) {
      db.transaction(() => failMessage(db, name, lease, failure))
    },
    async stats() {
      return db.transaction(() => {
        wake(db, name, clock.now())
        return countAll(db, name)
      })
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

function toRow({ key, body }: Message): { key: string; body: string } {
  requireText('message.key', key, keyBytesMax)
  try {
    return { key, body: canonicalJson(body) }
  } catch (cause) {
    throw Object.assign(refuse('message.body', key, `a body that JSON can say (${String(cause)})`), { cause })
  }
}

const addMessage = (db: Database, name: string, key: string, body: string): number =>
  db.run('insert into messages (queue, key, body) values (?, ?, ?) on conflict do nothing', name, key, body)

/** Brings to the present: expired leases and due retries are ready again. The token of an expired lease stays good until the message is lent again. */
function wake(db: Database, name: string, now: number): void {
  db.run(`update messages set state = 'ready' where queue = ? and state = 'leased' and expires_at <= ?`, name, now)
  db.run(`update messages set state = 'ready', ready_at = null where queue = ? and state = 'later' and ready_at <= ?`, name, now)
}

function claimMessages(db: Database, name: string, limit: number, expiresAt: number): Leased[] {
  const ready = db.all<{ id: number }>(`select id from messages where queue = ? and state = 'ready' order by id limit ?`, name, limit)
  return ready.flatMap(({ id }) => {
    const token = randomUUID()
    const row = db.get<MessageRow>(
      `update messages set state = 'leased', attempt = attempt + 1, token = ?, expires_at = ? where id = ? returning key, body, attempt`,
      token,
      expiresAt,
      id,
    )
    return row ? [{ key: row.key, body: JSON.parse(row.body) as unknown, token, expiresAt, attempt: row.attempt }] : []
  })
}

/** Changes the message of a lease that nobody else got since. @throws OrreryError `lease_lost` */
function move(db: Database, name: string, { key, token }: Leased, change: string, ...values: (string | number | null)[]): void {
  if (db.run(`update messages set ${change} where queue = ? and key = ? and token = ?`, ...values, name, key, token) > 0) return
  const message = `The lease of message "${key}" in queue "${name}" is over: it expired and was lent again, or was finished; drop its work.`
  throw new OrreryError('lease_lost', message, { queue: name, key })
}

function failMessage(db: Database, name: string, lease: Leased, { reason, retryAt }: Failure): void {
  requireText('failure.reason', reason, 4096)
  if (retryAt === undefined) return move(db, name, lease, `state = 'dead', token = null, expires_at = null, reason = ?`, reason)
  requireInteger('failure.retryAt', retryAt, 0)
  move(db, name, lease, `state = 'later', ready_at = ?, token = null, expires_at = null, reason = ?`, retryAt, reason)
}

function countAll(db: Database, name: string): QueueStats {
  const rows = db.all<{ state: string; count: number }>('select state, count from tallies where queue = ?', name)
  const counts = new Map(rows.map(({ state, count }) => [state, count]))
  const of = (state: string) => counts.get(state) ?? 0
  return { waiting: of('ready') + of('later'), leased: of('leased'), done: of('done'), dead: of('dead') }
}
