import { randomUUID } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim, ClaimRequest, Deferral, Frontier, FrontierStats, LabelStats, Target, TargetKind, Visit } from '#schemas/frontier.ts'
import { refuse, requireFinite, requireInteger, requireOneOf, requireText } from './arguments.ts'
import { openDatabase, type Database } from './database.ts'
import { hostOf, hostTable, type HostTable } from './frontier-hosts.ts'
import { fileSchemas } from './schema.ts'

const urlBytesMax = 8192
const labelBytesMax = 1024
const kinds: readonly TargetKind[] = ['page', 'sitemap', 'feed']
const outcomes: readonly Visit['outcome'][] = ['stored', 'unchanged', 'rejected', 'failed']

interface TargetRow {
  url: string
  host: string
  kind: TargetKind
  label: string
  lane: string
  priority: number
  state: 'ready' | 'later' | 'leased' | 'finished'
  attempt: number
  etag: string | null
  last_modified: string | null
  version: number
}

/**
 * A Frontier in a SQLite file that processes share. A host is the URL's host name with its port.
 * @param clock times leases and rests; it must be the wall clock of all processes that share the file
 */
export function sqliteFrontier(path: string, { clock }: { clock: Clock }): Frontier & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.frontier)
  const hosts = hostTable(db)
  return {
    async add(targets) {
      for (const target of targets) checkTarget(target)
      return db.transaction(() => targets.reduce((added, target) => added + addTarget(db, hosts, target), 0))
    },
    async claim(request) {
      checkClaimRequest(request)
      return db.transaction(() => {
        const now = clock.now()
        hosts.wake(now)
        return claimTargets(db, hosts, request, now)
      })
    },
    async done(claim, visit) {
      checkVisit(visit)
      db.transaction(() => finishVisit(db, hosts, claim, visit, clock.now()))
    },
    async defer(claim, deferral) {
      requireText('deferral.reason', deferral.reason, 1024)
      requireInteger('deferral.until', deferral.until, 0)
      db.transaction(() => deferTarget(db, hosts, claim, deferral, clock.now()))
    },
    async stats() {
      return db.transaction(() => {
        hosts.wake(clock.now())
        return countAll(db)
      })
    },
    async nextReadyAt(labels) {
      return db.transaction(() => {
        const now = clock.now()
        hosts.wake(now)
        return hosts.nextReadyAt(lanesOf(labels), now)
      })
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

/** Sitemaps and feeds go under '', which no label is, so that no filter passes them over. */
const lanesOf = (labels: readonly string[] | undefined) => labels && ['', ...new Set(labels)]

function addTarget(db: Database, hosts: HostTable, { url, kind, label, priority }: Target): 0 | 1 {
  const host = hostOf(url)
  const lane = kind === 'page' ? label : ''
  const known = db.get<{ state: string; lane: string }>('select state, lane from targets where url = ?', url)
  if (known) {
    const isRaised = db.run('update targets set priority = ? where url = ? and priority < ?', priority, url, priority) > 0
    if (isRaised && known.state === 'ready') hosts.offer(host, known.lane, priority, url)
    return 0
  }
  db.run('insert into targets (url, host, kind, label, lane, priority) values (?, ?, ?, ?, ?, ?)', url, host, kind, label, lane, priority)
  db.run('insert into hosts (host) values (?) on conflict do nothing', host)
  hosts.offer(host, lane, priority, url)
  return 1
}

function claimTargets(db: Database, hosts: HostTable, { limit, leaseMs, labels }: ClaimRequest, now: number): Claim[] {
  const expiresAt = now + leaseMs
  const claims: Claim[] = []
  while (claims.length < limit) {
    const url = hosts.best(lanesOf(labels))
    if (url === undefined) break
    const token = randomUUID()
    const taken = db.get<TargetRow>(
      `update targets set state = 'leased', attempt = attempt + 1, token = ?, expires_at = ? where url = ? returning *`,
      token,
      expiresAt,
      url,
    )
    if (!taken) break
    hosts.lend(taken.host, url, expiresAt)
    claims.push(toClaim(taken, token, expiresAt))
  }
  return claims
}

function toClaim(row: TargetRow, token: string, expiresAt: number): Claim {
  const { url, kind, label, priority, attempt, version } = row
  const previous = version === 0 ? undefined : { etag: row.etag ?? undefined, lastModified: row.last_modified ?? undefined, version }
  return { url, kind, label, priority, token, expiresAt, attempt, previous }
}

/** The row of a claim that nobody else got since; an expired one is still good until then. */
function heldTarget(db: Database, { url, token }: Claim): TargetRow {
  const row = db.get<TargetRow>('select * from targets where url = ? and token = ?', url, token)
  if (row) return row
  throw new OrreryError('lease_lost', `The claim of ${url} is over: it expired and was lent again, or was finished; drop what was made of it.`, { url })
}

function finishVisit(db: Database, hosts: HostTable, claim: Claim, visit: Visit, now: number): void {
  const row = heldTarget(db, claim)
  db.run('insert into visits values (?, ?, ?) on conflict do update set count = count + excluded.count', row.label, visit.outcome, row.kind === 'page' ? 1 : 0)
  const isGood = visit.outcome === 'stored' || visit.outcome === 'unchanged'
  // A new version has the validators it came with, or none; an unchanged one keeps those it had when the answer did not repeat them.
  const kept = visit.outcome === 'stored' ? { etag: null, last_modified: null } : row
  db.run(
    `update targets set state = ?, ready_at = ?, attempt = 0, token = null, expires_at = null, outcome = ?, reason = ?, etag = ?, last_modified = ?, version = ?
     where url = ?`,
    visit.revisitAt === undefined ? 'finished' : 'later',
    visit.revisitAt ?? null,
    visit.outcome,
    visit.reason ?? null,
    (isGood ? visit.etag : undefined) ?? kept.etag,
    (isGood ? visit.lastModified : undefined) ?? kept.last_modified,
    row.version + (visit.outcome === 'stored' ? 1 : 0),
    row.url,
  )
  hosts.release(row.host, row.url, now + visit.hostDelayMs, now)
}

function deferTarget(db: Database, hosts: HostTable, claim: Claim, { reason, until, holdHost }: Deferral, now: number): void {
  const row = heldTarget(db, claim)
  db.run(
    `update targets set state = 'later', ready_at = ?, token = null, expires_at = null, outcome = 'deferred', reason = ? where url = ?`,
    until,
    reason,
    row.url,
  )
  hosts.release(row.host, row.url, holdHost ? until : now, now)
}

function countAll(db: Database): FrontierStats {
  const labels = new Map<string, LabelStats>()
  const of = (label: string) => {
    let stats = labels.get(label)
    if (!stats) labels.set(label, (stats = { waiting: 0, leased: 0, stored: 0, unchanged: 0, rejected: 0, failed: 0 }))
    return stats
  }
  for (const { label, state, count } of db.all<{ label: string; state: TargetRow['state']; count: number }>('select * from tallies order by label, state')) {
    if (state === 'leased') of(label).leased += count
    else if (state !== 'finished') of(label).waiting += count
  }
  for (const { label, outcome, count } of db.all<{ label: string; outcome: Visit['outcome']; count: number }>('select * from visits where count > 0'))
    of(label)[outcome] += count
  const counted = (name: string) => db.get<{ count: number }>('select count from counters where name = ?', name)?.count ?? 0
  return { known: counted('targets'), hosts: counted('hosts'), labels: Object.fromEntries(labels) }
}

function checkTarget({ url, kind, label, priority }: Target): void {
  requireText('target.url', url, urlBytesMax)
  hostOf(url)
  requireOneOf('target.kind', kind, kinds)
  requireText('target.label', label, labelBytesMax)
  requireFinite('target.priority', priority)
}

function checkClaimRequest({ limit, leaseMs, labels }: ClaimRequest): void {
  requireInteger('limit', limit, 1)
  requireInteger('leaseMs', leaseMs, 1)
  for (const label of labels ?? []) requireText('labels', label, labelBytesMax)
}

function checkVisit({ outcome, reason, revisitAt, hostDelayMs }: Visit): void {
  requireOneOf('visit.outcome', outcome, outcomes)
  if (reason !== undefined) requireText('visit.reason', reason, 1024)
  else if (outcome === 'rejected' || outcome === 'failed') throw refuse('visit.reason', reason, `the code of why the visit was ${outcome}`)
  if (revisitAt !== undefined) requireInteger('visit.revisitAt', revisitAt, 0)
  requireInteger('visit.hostDelayMs', hostDelayMs, 0)
}
