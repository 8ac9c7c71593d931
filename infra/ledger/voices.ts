import type { Database } from '../sqlite/database.ts'
import type { NodeRow, Work } from './nodes.ts'

/** Whose word a node's is, on whether a batch can be trained: all nodes of an operator are one voice. No node has the name of an operator. */
export const voiceOf = (node: string, operator: string | undefined): string => (operator === undefined ? `node ${node}` : `operator ${operator}`)

/** A batch is void after so many times given back; its leases may run out so many times as often, for each node that goes is not the batch's fault. */
const expiriesOfNack = 4

/** It gets a lease, or keeps one: it is around for as long as leases last. Written down when it is news. */
export function heard({ db, row, now }: Work, { voice, seen }: NodeRow): void {
  if (seen !== null && seen <= now && seen > now - row.ttl_ms / 4) return
  db.run('insert into voices values (?, ?, ?) on conflict do update set seen = excluded.seen', row.id, voice, now)
}

/** How often the failures of one voice count against a batch. */
interface Most {
  nacks: number
  expiries: number
  /** Whether others are around who could try. */
  isCapped: boolean
}

/** All voices that are around together can have a batch set aside, and none of them without the others. */
export function mostOfVoice({ db, row, now }: Work): Most {
  const needed = row.attempts_max
  const found = db.get<{ around: number }>(
    'select count(*) as around from (select 1 from voices where epoch = ? and seen > ? and seen <= ? limit ?)',
    row.id,
    now - row.ttl_ms,
    now + row.ttl_ms,
    expiriesOfNack * needed,
  )
  const around = Math.max(1, found?.around ?? 1)
  return { nacks: Math.ceil(needed / around), expiries: Math.ceil((expiriesOfNack * needed) / around), isCapped: around > 1 }
}

/** The failures of one voice with a batch. */
interface Said {
  voice: string
  nacks: number
  expiries: number
}

const saidOf = (db: Database, epoch: number, batch: number): Said[] =>
  db.all<Said>(
    `select voice, sum(why = 'nacked') as nacks, sum(why <> 'nacked') as expiries from failures join nodes using (epoch, node)
     where epoch = ? and batch = ? group by voice`,
    epoch,
    batch,
  )

/** Whether a batch has failed so often that it is set aside, by the word of enough voices. Its last failure is written. */
export function isGivenUp(work: Work, { batch, nacks, expiries }: { batch: number; nacks: number; expiries: number }): boolean {
  const { db, row } = work
  const [nacksMax, expiriesMax] = [row.attempts_max, expiriesOfNack * row.attempts_max]
  if (nacks < nacksMax && expiries < expiriesMax) return false
  const most = mostOfVoice(work)
  const said = saidOf(db, row.id, batch)
  const sum = (of: 'nacks' | 'expiries'): number => said.reduce((all, each) => all + Math.min(each[of], most[of]), 0)
  return sum('nacks') >= nacksMax || sum('expiries') >= expiriesMax
}

/** Whether more failures of that voice with a batch would count for nothing: another shall try it. */
export function hasSaidAll({ db, row }: Work, voice: string, batch: number, most: Most): boolean {
  if (!most.isCapped) return false
  const said = saidOf(db, row.id, batch).find((each) => each.voice === voice)
  return said !== undefined && (said.nacks >= most.nacks || said.expiries >= most.expiries)
}
