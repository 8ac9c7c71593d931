import { randomUUID } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim, ClaimRequest, Frontier, Prospect, Target } from '#schemas/frontier.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import { requireInteger } from '../sqlite/arguments.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { groupCommit, type CommitHooks } from '../sqlite/group-commit.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { addTargets } from './add.ts'
import { checkAddress, checkClaimRequest, checkDeferral, checkTarget, checkTurnEnd, checkTurnRequest, checkUrl, checkVisit } from './arguments.ts'
import { FrontierHosts } from './hosts.ts'
import { Tallies, TargetClasses } from './labels.ts'
import { FrontierLines } from './lines.ts'
import { FrontierInbox } from './queue.ts'
import { FrontierSeen } from './seen.ts'
import { FrontierTargets, isHeld, type HeldRow } from './targets.ts'

export interface FrontierOptions {
  /** Times leases and rests; it must be the wall clock of all processes that share the file. */
  clock: Clock
  /** Further URLs of a host that has so many are refused and counted (FrontierStats.refused.host_urls). */
  hostUrlsMax?: number
  /** New URLs that lie deeper (Target.depth) are refused and counted (FrontierStats.refused.depth). */
  depthMax?: number
  /** No page waits longer than this (ms) for its next visit: what is later was said by a clock that was ahead. */
  revisitMaxMs?: number
  /** No host rests longer than this (ms), whatever it asks for, and no page is put off for longer once a clock was ahead. */
  restMaxMs?: number
  /** Keys the order of equals in a file that is new (u32), for crawls that are to be repeated; drawn when absent, so that no site can know it. */
  seed?: number | undefined
}

/** What a frontier is made of, over one database. */
export interface FrontierParts {
  classes: TargetClasses
  tallies: Tallies
  seen: FrontierSeen
  inbox: FrontierInbox
  targets: FrontierTargets
  lines: FrontierLines
  hosts: FrontierHosts
}

const dayMs = 86_400_000
/** Between two commits while nothing but ends of claims and new URLs comes. */
const patienceMs = 12
/** From so many claims on that are under way, what ends one waits some ms for others. */
const claimsForPatience = 8
/** Claims that were lost are never ended: they are forgotten with all others, which costs nothing but patience. */
const heldMax = 10_000
/** KiB of pages that SQLite keeps in memory. */
const cacheKib = 32_768

/**
 * A Frontier in a SQLite file that processes share, for tens of millions of URLs. A host is the URL's host name with its port.
 *
 * A URL is an entry of a sorted run (queue.ts) until it is claimed; then it gets a row. That it is known stands in each process's memory
 * (seen.ts), about 30 bytes a URL, read from the file when the first URL is added. Calls that come together share one sync to disk.
 */
export function sqliteFrontier(path: string, options: FrontierOptions): Frontier & HostTurns & AsyncDisposable {
  const { clock, hostUrlsMax = 1_000_000, depthMax = 100, revisitMaxMs = 365 * dayMs, restMaxMs = dayMs, seed } = options
  requireInteger('hostUrlsMax', hostUrlsMax, 1)
  requireInteger('depthMax', depthMax, 0)
  requireInteger('revisitMaxMs', revisitMaxMs, 1)
  requireInteger('restMaxMs', restMaxMs, 1)
  const db = openDatabase(path, fileSchemas.frontier)
  db.run(`pragma cache_size = -${cacheKib}`)
  const parts = frontierParts(db, { revisitMaxMs, restMaxMs, seed })
  const { seen, hosts, lines, inbox, targets, tallies, classes } = parts
  const hooks = {
    beforeCommit() {
      if (inbox.isFull) settle(parts)
      inbox.write()
      seen.write()
      lines.write()
      tallies.write()
    },
    rolledBack() {
      for (const part of [seen, inbox, hosts, lines, tallies, classes]) part.forget()
    },
  }
  const { run, flush } = groupCommit(db, hooks, patienceMs)
  const held = new Set<string>()
  // One crawler that works alone must not be kept waiting; where many visits are under way, some end at about the same time.
  const patience = () => (held.size >= claimsForPatience ? 'patient' : undefined)
  const finish = (claim: Pick<Claim, 'url' | 'token'>, end: (row: HeldRow, now: number) => void) => {
    held.delete(claim.token)
    return run(() => end(heldTarget(parts, claim), clock.now()), patience())
  }
  return {
    async add(found) {
      const news = newsOf(parts, found, clock.now())
      if (news.length === 0) return { added: 0, refused: [] }
      // What is read before the transaction keeps nobody waiting.
      if (seen.count === 0) seen.catchUp()
      return run(() => {
        seen.catchUp()
        return addTargets(parts, news, { hostUrlsMax, depthMax }, clock.now())
      }, patience())
    },
    async claim(request) {
      checkClaimRequest(request)
      const claims = await run(() => claimTargets(parts, request, clock.now()))
      for (const { token } of claims) held.add(token)
      if (held.size > heldMax) held.clear()
      return claims
    },
    async locate(claim, address) {
      checkAddress(address)
      return run(() => {
        const now = clock.now()
        hosts.wake(now)
        const row = heldTarget(parts, claim)
        const isFree = hosts.locate(row, address, now)
        if (!isFree) targets.defer(row, { reason: 'address_busy', until: now, holdHost: false }, now)
        return isFree
      })
    },
    async done(claim, visit) {
      checkVisit(visit)
      return finish(claim, (row, now) => {
        targets.finish(row, visit, now)
        const restsUntil = now + visit.hostDelayMs
        hosts.release(row.host, row.url, { restsUntil, addressRestsUntil: restsUntil, now, address: visit.address })
      })
    },
    async defer(claim, deferral) {
      checkDeferral(deferral)
      return finish(claim, (row, now) => {
        targets.defer(row, deferral, now)
        const { until, holdHost, hostDelayMs = 0, address } = deferral
        const addressRestsUntil = now + hostDelayMs
        hosts.release(row.host, row.url, { restsUntil: Math.max(holdHost ? until : now, addressRestsUntil), addressRestsUntil, now, address })
      })
    },
    async takeTurn(request) {
      checkTurnRequest(request)
      return run(() => hosts.takeTurn(request, clock.now()))
    },
    async endTurn(turn, end) {
      checkTurnEnd(end)
      return run(() => hosts.endTurn(turn, end, clock.now()))
    },
    async stats() {
      return run(() => {
        hosts.wake(clock.now())
        return tallies.stats()
      })
    },
    async nextReadyAt(labels) {
      return run(() => {
        const now = clock.now()
        settle(parts)
        hosts.wake(now)
        return hosts.nextReadyAt(classes.lanes(labels), now)
      })
    },
    async peek(limit) {
      requireInteger('limit', limit, 1)
      flush()
      return rehearsal(db, hooks, () => peekTargets(parts, limit, clock.now()))
    },
    async [Symbol.asyncDispose]() {
      flush()
      db[Symbol.dispose]()
    },
  }
}

type Bounds = Required<Pick<FrontierOptions, 'revisitMaxMs' | 'restMaxMs'>>

function frontierParts(db: Database, { revisitMaxMs, restMaxMs, seed }: Bounds & Pick<FrontierOptions, 'seed'>): FrontierParts {
  if (seed !== undefined) db.run(`update counters set count = ? where name in ('seed_lo', 'seed_hi') and not exists (select 1 from hosts)`, seed)
  const seedPart = (name: string) => db.get<{ count: number }>('select count from counters where name = ?', name)?.count ?? 0
  const key = [seedPart('seed_lo'), seedPart('seed_hi')] as const
  const classes = new TargetClasses(db)
  const tallies = new Tallies(db)
  const lines = new FrontierLines(db)
  const targets = new FrontierTargets(db, { seed: key, classes, tallies, revisitMaxMs })
  return {
    classes,
    tallies,
    targets,
    lines,
    seen: new FrontierSeen(db, key),
    inbox: new FrontierInbox(db),
    hosts: new FrontierHosts(db, { seed: key, targets, classes, lines, tallies, restMaxMs }),
  }
}

/** Those of which something is not known yet; most of what pages link to is known, and costs no more than this. */
function newsOf({ seen }: FrontierParts, targets: readonly Target[], now: number): Target[] {
  const news: Target[] = []
  for (const target of targets) {
    checkTarget(target)
    if (typeof target.url === 'string' && !seen.isNews(target.url, target.priority, target.depth ?? 0, target.modifiedAt, now)) continue
    checkUrl(target.url)
    news.push(target)
  }
  return news
}

function claimTargets(parts: FrontierParts, { limit, leaseMs, labels }: ClaimRequest, now: number): Claim[] {
  const { hosts, targets, classes, seen } = parts
  settle(parts)
  hosts.wake(now)
  const lanes = classes.lanes(labels)
  const expiresAt = now + leaseMs
  const claims: Claim[] = []
  while (claims.length < limit) {
    const best = hosts.best(lanes)
    if (!best) break
    const changedAt = seen.changedAt(best.entry.url, now)
    const { address } = best.next
    const claim = targets.lend(best.next.host, best.entry, randomUUID(), expiresAt)
    claims.push({ ...claim, ...(changedAt !== undefined && { modifiedAt: changedAt }), ...(address !== null && { address }) })
    hosts.lend(best, expiresAt, now)
  }
  return claims
}

const longestLeaseMs = 2 ** 40

/** What claims would give from now on, each host once: they are made, in a transaction that is undone. */
function peekTargets(parts: FrontierParts, limit: number, now: number): Prospect[] {
  const { hosts, classes } = parts
  const prospects: Prospect[] = []
  for (let at: number | undefined = now; at !== undefined && prospects.length < limit; at = nextAfter(at, hosts.nextReadyAt(classes.lanes(undefined), at))) {
    const claims = claimTargets(parts, { limit: limit - prospects.length, leaseMs: longestLeaseMs }, at)
    for (const { token: _token, expiresAt: _expiresAt, address: _address, attempt, ...target } of claims)
      prospects.push({ ...target, attempts: attempt - 1, readyAt: at })
  }
  return prospects
}

const nextAfter = (at: number, next: number | undefined): number | undefined =>
  next === undefined || next > at + longestLeaseMs / 2 ? undefined : Math.max(next, at + 1)

/** Does the work and undoes it. */
function rehearsal<T>(db: Database, hooks: CommitHooks, work: () => T): T {
  const done: T[] = []
  try {
    db.transaction(() => {
      done.push(work())
      throw undoing
    })
  } catch (cause) {
    hooks.rolledBack()
    if (cause !== undoing) throw cause
  }
  return done[0] as T
}
const undoing = new Error('The rehearsal is over.')

/** Sorts in what was added, so that it can be claimed. */
function settle({ inbox, hosts }: FrontierParts): void {
  for (const [host, entries] of inbox.empty()) hosts.enqueue(host, entries)
}

/** The row of a claim that nobody else got since; an expired one is still good until then. */
function heldTarget({ targets }: FrontierParts, { url, token }: Pick<Claim, 'url' | 'token'>): HeldRow {
  const row = targets.find(url)
  if (row?.token === token && isHeld(row)) return row
  throw new OrreryError('lease_lost', `The claim of ${url} is over: it expired and was lent again, or was finished; drop what was made of it.`, { url })
}
