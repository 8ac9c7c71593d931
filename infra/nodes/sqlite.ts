import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { historyDays, namesMax, openNamesMax, tokenGraceMs, tokenLifeMs, type Booked, type KnownNode, type NodeOwner, type Nodes } from '#schemas/nodes.ts'
import { requireInteger, requireOneOf, requireText } from '../sqlite/arguments.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { groupCommit } from '../sqlite/group-commit.ts'
import { fileSchemas } from '../sqlite/schema.ts'

interface Row {
  node: string
  owner: string
  operator: string
  via: KnownNode['via']
  joined_at: number
  seen_at: number
  draining: 0 | 1
  joined_by: string | null
}

const dayMs = 86_400_000
/** When a node was heard of is written down so seldom, unless something else changes. */
const heardEveryMs = 10_000
const patienceMs = 50
const findMax = 10_000
/** Plans whose place in the history is known; others are closed and read long ago. */
const bookedMax = 64
const forgottenAtOnce = 1_000

/** Nodes in a SQLite file that processes share. @throws OrreryError `newer_version`, `data_unreadable` */
export function sqliteNodes(path: string, { clock }: { clock: Clock }): Nodes & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.nodes)
  const group = groupCommit(db, { beforeCommit: () => undefined, rolledBack: () => undefined }, patienceMs)
  return {
    async bind(node, owner, joinedBy) {
      requireText('node', node, 256)
      if (joinedBy !== undefined) requireText('joinedBy', joinedBy, 64)
      requireOwner(owner)
      const known = findNode(db, node)
      return known && isOf(known, owner) ? nodeOf(known) : group.run(() => bind(db, node, { ...owner, joinedBy }, clock.now()))
    },
    async find(nodes) {
      requireInteger('nodes.length', nodes.length, 0, findMax)
      return db.snapshot(() =>
        nodes
          .map((node) => findNode(db, node))
          .filter((row) => row !== undefined)
          .map(nodeOf),
      )
    },
    issue: (node) => group.run(() => issue(db, requireNode(db, node), clock.now())),
    async bearer(token) {
      const [now, hash] = [clock.now(), hashOf(token)]
      const row =
        db.get<Row>('select * from nodes where token = ?', hash) ?? db.get<Row>('select * from nodes where former_token = ? and former_until > ?', hash, now)
      return row && now - row.seen_at < tokenLifeMs ? nodeOf(row) : undefined
    },
    async heard(node, change) {
      const [now, row] = [clock.now(), requireNode(db, node)]
      const draining = change === undefined ? row.draining : change.isDraining ? 1 : 0
      if (draining === row.draining && Math.abs(now - row.seen_at) < heardEveryMs) return nodeOf(row)
      const write = (): KnownNode => {
        db.run('update nodes set seen_at = ?, draining = ? where node = ?', now, draining, node)
        return nodeOf(requireNode(db, node))
      }
      return change === undefined ? group.run(write, 'patient') : group.run(write)
    },
    async book(planId, change) {
      requireText('planId', planId, 1024)
      return change ? group.run(() => book(db, planId, change, clock.now())) : bookedOf(db, planId)
    },
    days: async (node) =>
      db
        .all<DayRow>('select * from days where node = ? order by day desc limit ?', node, historyDays)
        .map(({ day, settled, tokens, loss_sum, lost, returned }) => ({ day: dateOf(day), settled, tokens, lossSum: loss_sum, lost, returned })),
    async [Symbol.asyncDispose]() {
      group.flush()
      db[Symbol.dispose]()
    },
  }
}

const findNode = (db: Database, node: string): Row | undefined => db.get<Row>('select * from nodes where node = ?', node)

function requireNode(db: Database, node: string): Row {
  const row = findNode(db, node)
  if (row) return row
  throw new OrreryError('not_found', `No node "${node}" has joined; POST /v1/nodes registers one.`, { node })
}

const nodeOf = ({ node, owner, operator, via, joined_at, joined_by, seen_at, draining }: Row): KnownNode => ({
  node,
  id: owner,
  operator,
  via,
  joinedAt: joined_at,
  joinedBy: joined_by ?? undefined,
  seenAt: seen_at,
  isDraining: draining === 1,
})

/** The operator may change with time: a hotkey is sold, a key is named anew. */
const isOf = ({ owner, operator, via }: Row, wanted: NodeOwner): boolean => owner === wanted.id && operator === wanted.operator && via === wanted.via

function bind(db: Database, node: string, owner: NodeOwner & { joinedBy: string | undefined }, now: number): KnownNode {
  const known = findNode(db, node)
  if (known && known.owner !== owner.id) throw new OrreryError('forbidden', `The name "${node}" is another's; ask under a name of your own.`, { node })
  if (known) db.run('update nodes set operator = ?, via = ? where node = ?', owner.operator, owner.via, node)
  else {
    makeRoom(db, owner, now)
    db.run(
      'insert into nodes (node, owner, operator, via, joined_at, seen_at, joined_by) values (?, ?, ?, ?, ?, ?, ?)',
      node,
      owner.id,
      owner.operator,
      owner.via,
      now,
      now,
      owner.joinedBy ?? null,
    )
  }
  return nodeOf(requireNode(db, node))
}

/** Whoever has too many names loses their own, never anybody else's; what anybody can be any number of times counts as one owner. */
function makeRoom(db: Database, { id }: NodeOwner, now: number): void {
  const free = /^(name|hotkey) /.exec(id)?.[0]
  const most = free !== undefined || id === 'open' ? openNamesMax : namesMax
  const kind = free ?? id
  const { names } = db.get<{ names: number }>('select names from kinds where kind = ?', kind) ?? { names: 0 }
  if (names < most) return
  const silent = db.get<{ node: string; seen_at: number }>('select node, seen_at from nodes where kind = ? order by seen_at limit 1', kind)
  if (!silent || silent.seen_at >= now - dayMs)
    throw new OrreryError('rate_limited', `There are ${most} nodes of this kind already; use the names again of those that are gone.`, {
      most,
      retry_after_seconds: 3600,
    })
  db.run('delete from nodes where node = ?', silent.node)
}

function issue(db: Database, { node }: Row, now: number): string {
  const token = `orn_${randomBytes(32).toString('base64url')}`
  db.run('update nodes set former_token = token, former_until = ?, token = ?, seen_at = ? where node = ?', now + tokenGraceMs, hashOf(token), now, node)
  return token
}

/** Of 256 random bits: nobody finds them by trying, so that a slow hash would protect nothing. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

interface DayRow {
  day: number
  settled: number
  tokens: number
  loss_sum: number
  lost: number
  returned: number
}

const dateOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)

function bookedOf(db: Database, planId: string): Booked {
  const row = db.get<Booked>('select settlements, failures from booked where plan_id = ?', planId)
  return { settlements: row?.settlements ?? 0, failures: row?.failures ?? 0 }
}

function book(db: Database, planId: string, { from, upTo, days }: NonNullable<Parameters<Nodes['book']>[1]>, now: number): Booked {
  const at = bookedOf(db, planId)
  if (at.settlements !== from.settlements || at.failures !== from.failures) return at
  for (const { node, day, settled, tokens, lossSum, lost, returned } of days)
    db.run(
      `insert into days values (?, ?, ?, ?, ?, ?, ?) on conflict do update set settled = settled + excluded.settled, tokens = tokens + excluded.tokens,
         loss_sum = loss_sum + excluded.loss_sum, lost = lost + excluded.lost, returned = returned + excluded.returned`,
      node,
      Date.parse(day) / dayMs,
      settled,
      tokens,
      lossSum,
      lost,
      returned,
    )
  const { turn } = db.get<{ turn: number }>('select coalesce(max(turn), 0) + 1 as turn from booked') ?? { turn: 1 }
  db.run(
    'insert into booked values (?, ?, ?, ?) on conflict do update set settlements = excluded.settlements, failures = excluded.failures, turn = excluded.turn',
    planId,
    upTo.settlements,
    upTo.failures,
    turn,
  )
  db.run('delete from booked where plan_id in (select plan_id from booked order by turn desc limit -1 offset ?)', bookedMax)
  const first = Math.floor(now / dayMs) - historyDays
  db.run('delete from days where (node, day) in (select node, day from days where day <= ? limit ?)', first, forgottenAtOnce)
  return upTo
}

function requireOwner({ id, operator, via }: NodeOwner): void {
  requireText('owner.id', id, 256)
  requireText('owner.operator', operator, 256)
  requireOneOf('owner.via', via, ['open', 'token', 'hotkey'])
}
