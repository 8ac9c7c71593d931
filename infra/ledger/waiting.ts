import type { LeaseAnswer } from '#schemas/ledger.ts'
import type { Database } from '../sqlite/database.ts'
import type { EpochRow } from './epochs.ts'
import type { Work } from './nodes.ts'

/** Of so many that wait the order is kept; who comes then is the last until there is room. */
const waitingMax = 65_536
/** How long nobody can have asked: the process was down, the clock has jumped, the epoch is new. Those who wait have so long to come back, ms. */
const graceMs = 10_000
const lookEveryMs = 1_000

/** Who holds nothing and got nothing, in the order in which they asked first. */
export interface WaitingRoom {
  /** Whether it is time to look. */
  isDue(now: number): boolean
  /** Forgets those who have not asked for too long. */
  look(db: Database, now: number): void
}

export function waitingRoom(): WaitingRoom {
  let [openedAt, lookedAt] = [-Infinity, -Infinity]
  return {
    isDue: (now) => now < lookedAt || now >= lookedAt + lookEveryMs,
    look(db, now) {
      if (now < lookedAt || now > lookedAt + graceMs) openedAt = now
      lookedAt = now
      if (now >= openedAt + graceMs && db.run('delete from waiting where until < ? or until > ?', now, now + 2 * asksAgainMsMax) > 0) recount(db)
    },
  }
}

/** In each epoch that is open. */
function recount(db: Database): void {
  db.run('update epochs set waiting = (select count(*) from waiting where waiting.epoch = epochs.id) where kept = 2')
}

export const asksAgainMsUsual = 10_000
export const asksAgainMsMax = 120_000

export interface Queued {
  /** Undefined for one that does not wait yet. */
  ticket: number | undefined
  until: number
  ahead: number
}

/** Where a node stands among those that wait. */
export function findPlace({ db, row }: Work, name: string): Queued {
  if (row.waiting === 0) return { ticket: undefined, until: 0, ahead: 0 }
  const own = db.get<{ ticket: number; until: number }>('select ticket, until from waiting where epoch = ? and name = ?', row.id, name)
  if (!own) return { ticket: undefined, until: 0, ahead: row.waiting }
  const { n = 0 } = db.get<{ n: number }>('select count(*) as n from waiting where epoch = ? and ticket < ?', row.id, own.ticket) ?? {}
  return { ...own, ahead: n }
}

/** It waits on, or from now on. */
export function wait({ db, row, now }: Work, name: string, { ticket, until, ahead }: Queued, asksAgainMs: number): LeaseAnswer['waiting'] {
  if (ticket === undefined) {
    if (row.waiting >= waitingMax) return { place: ahead + 1, of: ahead + 1 }
    db.run('insert into waiting (epoch, name, until) values (?, ?, ?)', row.id, name, now + asksAgainMs)
    return { place: ahead + 1, of: ++row.waiting }
  }
  // Written down only when it says something: who asks twice a second costs two syncs in ten.
  if (until < now + asksAgainMs - asksAgainMs / 4 || until > now + asksAgainMs)
    db.run('update waiting set until = ? where ticket = ?', now + asksAgainMs, ticket)
  return { place: ahead + 1, of: row.waiting }
}

export const served = ({ db, row }: Work, { ticket }: Queued): void => {
  if (ticket !== undefined) row.waiting -= db.run('delete from waiting where ticket = ?', ticket)
}

/** Those who waited for an epoch that is closed wait for this one. */
export function inherit(db: Database, { id }: Pick<EpochRow, 'id'>, now: number): void {
  db.run(
    'update or ignore waiting set epoch = ?, until = max(until, ?) where exists (select 1 from epochs where id = waiting.epoch and ended is not null)',
    id,
    now + graceMs,
  )
  db.run('delete from waiting where epoch <> ? and epoch not in (select id from epochs where ended is null)', id)
  recount(db)
}
