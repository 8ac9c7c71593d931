import { createSecretKey } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { answerKeptMs, type Ledger } from '#schemas/ledger.ts'
import { requireInteger } from '../sqlite/arguments.ts'
import { clockSkewMs } from '../sqlite/clock-skew.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { groupCommit } from '../sqlite/group-commit.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { batchesMax, repliesMax, requireKey, requireLeaseRequest, requireNode, requirePage, wrongReply } from './arguments.ts'
import { commitWorks } from './commit-works.ts'
import { closeEpoch, isClosed, openEpoch, progressOf, requireEpoch, tidyEpochs, type EpochKey } from './epochs.ts'
import { expireLeases } from './failed.ts'
import { leaseBatches } from './leases.ts'
import { lists, settlementsOf } from './lists.ts'
import type { Work } from './nodes.ts'
import { takeReplies } from './replies.ts'
import { takeBack } from './shares.ts'
import { inherit, waitingRoom } from './waiting.ts'

const attemptsMaxUsual = 5

/**
 * A Ledger in a SQLite file that processes share. Calls that come together share a transaction and one sync to disk.
 * @param clock times leases and stamps settlements; it must be the wall clock of all processes that share the file
 */
export function sqliteLedger(path: string, { clock }: { clock: Clock }): Ledger & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.ledger)
  const { secret = new Uint8Array() } = db.get<{ secret: Uint8Array }>('select secret from secrets') ?? {}
  const works = commitWorks(db, createSecretKey(secret))
  const room = waitingRoom()
  const beforeCommit = (): void => {
    works.write()
    forgetRequests(db, clock.now())
    tidyEpochs(db)
  }
  const { run, flush } = groupCommit(db, { beforeCommit, rolledBack: works.forget }, 0)
  const call = async <T>(key: EpochKey, work: () => T): Promise<T> => {
    requireKey(key)
    return unlessRefused(await run(() => refusalOf(work)))
  }
  /** By the rows themselves, which are written before. */
  const onRows = <T>(key: EpochKey, work: () => T): Promise<T> =>
    call(key, () => {
      works.write()
      return work()
    })
  const within = <T>(key: EpochKey, work: (work: Work) => T): T => {
    const at = works.of(key, clock.now())
    const result = work(at)
    if (at.row.waiting > 0 && !isClosed(at.row)) takeBack(at, at.row.waiting)
    return result
  }
  const on = <T>(key: EpochKey, work: (work: Work) => T): Promise<T> => call(key, () => within(key, work))
  /** Who waits no more is found out before an epoch is read, which counts those who wait. */
  function lookAround(): void {
    const now = clock.now()
    if (!room.isDue(now)) return
    works.write()
    room.look(db, now)
  }
  return {
    async open(planId, epoch, batches, attemptsMax = attemptsMaxUsual) {
      requireInteger('batches', batches, 1, batchesMax)
      requireInteger('attemptsMax', attemptsMax, 1, 1000)
      return onRows({ planId, epoch }, () => {
        const { row, isNew } = openEpoch(db, { planId, epoch }, batches, attemptsMax)
        if (isNew) inherit(db, row, clock.now())
        return progressOf(requireEpoch(db, { planId, epoch }))
      })
    },
    async lease(planId, epoch, request) {
      requireLeaseRequest(request)
      return call({ planId, epoch }, () => {
        lookAround()
        return within({ planId, epoch }, (work) => leaseBatches(work, request))
      })
    },
    async answer(planId, epoch, { node, replies }) {
      requireNode(node)
      requireInteger('replies.length', replies.length, 1, repliesMax)
      const wrong = replies.map(wrongReply)
      return on({ planId, epoch }, (work) => {
        const outcomes = takeReplies(
          work,
          node,
          replies.filter((_, n) => wrong[n] === undefined),
        ).values()
        return replies.map(({ batch }, n) => {
          const message = wrong[n]
          return message === undefined ? outcomes.next().value! : { batch, state: 'refused', code: 'invalid_argument', message }
        })
      })
    },
    close: async (planId, epoch) => onRows({ planId, epoch }, () => progressOf(closeEpoch(db, { planId, epoch }))),
    progress: async (planId, epoch) =>
      on({ planId, epoch }, (work) => {
        if (!isClosed(work.row)) expireLeases(work)
        return progressOf(work.row)
      }),
    async settlements(planId, epoch, page) {
      requirePage(page)
      return onRows({ planId, epoch }, () => settlementsOf(db, requireEpoch(db, { planId, epoch }), page))
    },
    async list(planId, epoch, kind, page) {
      requirePage(page)
      return onRows({ planId, epoch }, () => lists[kind](db, requireEpoch(db, { planId, epoch }), page))
    },
    async [Symbol.asyncDispose]() {
      flush()
      db[Symbol.dispose]()
    },
  }
}

interface Refused {
  refusal: OrreryError
}

/** What a call is refused for is told before it changes anything: it must not cost the others of its commit. */
function refusalOf<T>(work: () => T): { value: T } | Refused {
  try {
    return { value: work() }
  } catch (error) {
    if (error instanceof OrreryError && (error.code === 'fenced' || error.code === 'not_found' || error.code === 'conflict')) return { refusal: error }
    throw error
  }
}

function unlessRefused<T>(done: { value: T } | Refused): T {
  if ('refusal' in done) throw done.refusal
  return done.value
}

const forgottenMax = 500

/** Those of a clock that has gone back since, too. */
function forgetRequests(db: Database, now: number): void {
  const oldest = db.get<{ at: number }>('select at from requests order by number limit 1')
  if (!oldest || (oldest.at > now - answerKeptMs && oldest.at < now + clockSkewMs)) return
  db.run(
    `delete from requests where number in (select number from requests order by number limit ${forgottenMax}) and (at <= ? or at >= ?)`,
    now - answerKeptMs,
    now + clockSkewMs,
  )
}
