import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { answerKeptMs, type Ledger } from '#schemas/ledger.ts'
import { requireInteger } from '../sqlite/arguments.ts'
import { clockSkewMs } from '../sqlite/clock-skew.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { groupCommit } from '../sqlite/group-commit.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { batchesMax, repliesMax, requireKey, requireLeaseRequest, requireNode, requirePage, wrongReply } from './arguments.ts'
import { closeEpoch, isClosed, openEpoch, progressOf, requireEpoch, saveEpoch, tidyEpochs, type EpochKey } from './epochs.ts'
import { expireLeases } from './failed.ts'
import { leaseBatches } from './leases.ts'
import { lists, settlementsOf } from './lists.ts'
import type { Work } from './nodes.ts'
import { takeReplies } from './replies.ts'
import { takeBack } from './shares.ts'
import { inherit, waitingIn, waitingRoom } from './waiting.ts'

const attemptsMaxUsual = 5

/**
 * A Ledger in a SQLite file that processes share. Calls that come together share a transaction and one sync to disk.
 * @param clock times leases and stamps settlements; it must be the wall clock of all processes that share the file
 */
export function sqliteLedger(path: string, { clock }: { clock: Clock }): Ledger & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.ledger)
  const { secret = new Uint8Array() } = db.get<{ secret: Uint8Array }>('select secret from secrets') ?? {}
  const room = waitingRoom()
  const beforeCommit = (): void => {
    forgetRequests(db, clock.now())
    tidyEpochs(db)
  }
  const { run, flush } = groupCommit(db, { beforeCommit, rolledBack: () => undefined }, 0)
  const call = async <T>(key: EpochKey, work: () => T): Promise<T> => {
    requireKey(key)
    return unlessRefused(await run(() => refusalOf(work)))
  }
  const on = <T>(key: EpochKey, work: (work: Work) => T): Promise<T> =>
    call(key, () => {
      const row = requireEpoch(db, key)
      const before = { ...row }
      const at = { db, row, secret, now: clock.now() }
      const result = work(at)
      if (row.waiting > 0 && !isClosed(row)) takeBack(at, row.waiting)
      saveEpoch(db, row, before)
      return result
    })
  return {
    async open(planId, epoch, batches, attemptsMax = attemptsMaxUsual) {
      requireInteger('batches', batches, 1, batchesMax)
      requireInteger('attemptsMax', attemptsMax, 1, 1000)
      return call({ planId, epoch }, () => {
        const { row, isNew } = openEpoch(db, { planId, epoch }, batches, attemptsMax)
        if (isNew) inherit({ db, row, secret, now: clock.now() })
        return progressOf(requireEpoch(db, { planId, epoch }))
      })
    },
    async lease(planId, epoch, request) {
      requireLeaseRequest(request)
      return on({ planId, epoch }, (work) => {
        if (room.look(db, work.now)) work.row.waiting = waitingIn(work)
        return leaseBatches(work, request)
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
    close: async (planId, epoch) => call({ planId, epoch }, () => progressOf(closeEpoch(db, { planId, epoch }))),
    progress: async (planId, epoch) =>
      on({ planId, epoch }, (work) => {
        if (!isClosed(work.row)) expireLeases(work)
        return progressOf(work.row)
      }),
    async settlements(planId, epoch, page) {
      requirePage(page)
      return call({ planId, epoch }, () => settlementsOf(db, requireEpoch(db, { planId, epoch }), page))
    },
    async list(planId, epoch, kind, page) {
      requirePage(page)
      return call({ planId, epoch }, () => lists[kind](db, requireEpoch(db, { planId, epoch }), page))
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
