import { verifySignature } from '#infra/chain/signature.ts'
import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import { groupCommit } from '#infra/sqlite/group-commit.ts'
import { portThread } from '#infra/sqlite/port-thread.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'

/** What is to be verified. */
export interface SignatureCheck {
  hotkey: string
  /** What may have been signed: the first that the signature fits is it. */
  messages: readonly Uint8Array[]
  /** 0x and 128 hex. */
  signature: string
  /** 64 hex; the same for each repeat of this request, and for no other one. */
  requestKey: string
  /** 64 hex: what the request is for, as far as that is not signed. */
  about: string
  /** Whether it may come again about the same. */
  mayRepeat: boolean
  /** Until when the request would be taken, and is remembered; ms since the Unix epoch. */
  untilMs: number
  /** The date, by which what is over is forgotten; ms since the Unix epoch. */
  nowMs: number
  /** The `requestKey` is of somebody who counts: this is taken where it is more than the last; the first where it `isFresh`. */
  order?: bigint
  isFresh?: boolean
}

/**
 * `wrong`: the hotkey signed none of the messages. `again`: it came before, about the same, or something of a later order did. `elsewhere`: it came before, about
 * something else. `old`: it is the first of its order, and not fresh.
 */
type CheckedSignature = 'wrong' | 'new' | 'again' | 'elsewhere' | 'old'

/**
 * The arithmetic of signatures, and the memory of requests that came, so that none counts twice; that is on disk, so that a restart lets none in again.
 * What is remembered of others makes no room for more: an old one that made some could come again.
 */
export interface SignatureChecks extends AsyncDisposable {
  /** Durable when it resolves. @throws OrreryError `rate_limited` where there is no room; as a database does */
  check(check: SignatureCheck): Promise<CheckedSignature>
}

/** A thousand a second for as long as IOTA's may come again, which is more than can be checked; about 64 MiB of a file. */
const requestsMax = 160_000
const forgottenAtOnce = 256
/** Nobody is kept waiting by a patient call: there are none. */
const patienceMs = 0

/** @param path a SQLite file that processes share @param rowsMax how many requests are remembered at once */
export function signatureChecks(path: string, { rowsMax = requestsMax }: { rowsMax?: number } = {}): SignatureChecks {
  const db = openDatabase(path, fileSchemas.requests)
  const group = groupCommit(db, { beforeCommit: () => undefined, rolledBack: () => undefined }, patienceMs)
  return {
    async check(asked) {
      // Somebody who sends again what was overheard costs no arithmetic.
      const before = sightOf(db, asked)
      if (before !== undefined && before !== 'next' && !(before === 'again' && asked.mayRepeat)) return before
      if (!asked.messages.some((message) => verifySignature(asked.hotkey, message, asked.signature))) return 'wrong'
      return group.run(() => take(db, asked, rowsMax))
    },
    async [Symbol.asyncDispose]() {
      group.flush()
      db[Symbol.dispose]()
    },
  }
}

/** `next`: it counts on from the last. undefined: it has not come yet. */
function sightOf(db: Database, { requestKey, about, order, isFresh }: SignatureCheck): Exclude<CheckedSignature, 'wrong' | 'new'> | 'next' | undefined {
  const key = Buffer.from(requestKey, 'hex')
  if (order !== undefined) {
    const row = db.get<{ later: 0 | 1 }>('select ordinal >= ? as later from requests where request = ?', order, key)
    if (row) return row.later === 1 ? 'again' : 'next'
    return isFresh === true ? undefined : 'old'
  }
  const row = db.get<{ about: Uint8Array }>('select about from requests where request = ?', key)
  return row && (Buffer.from(row.about).toString('hex') === about ? 'again' : 'elsewhere')
}

function take(db: Database, asked: SignatureCheck, rowsMax: number): CheckedSignature {
  const before = sightOf(db, asked)
  const key = Buffer.from(asked.requestKey, 'hex')
  const { order = null } = asked
  if (before === 'next') {
    db.run('update requests set ordinal = ?, until = max(until, ?) where request = ?', order, asked.untilMs, key)
    return 'new'
  }
  if (before) return before
  db.run('delete from requests where request in (select request from requests where until < ? order by until limit ?)', asked.nowMs, forgottenAtOnce)
  const rows = db.get<{ rows: number }>('select rows from counts')?.rows ?? 0
  if (rows >= rowsMax) throw new OrreryError('rate_limited', 'More signed requests came than can be told apart; ask again in a second.')
  db.run('insert into requests values (?, ?, ?, ?)', key, Buffer.from(asked.about, 'hex'), asked.untilMs, order)
  return 'new'
}

/** In a thread of its own, which starts with the first: one sr25519 signature takes 1 to 2 ms of it, and anybody may send some. */
export function threadedChecks(path: string, clock: Clock): SignatureChecks {
  let opened: SignatureChecks | undefined
  const open = (): SignatureChecks =>
    portThread('the check of signatures', clock).open<Pick<SignatureChecks, 'check'>>(
      { module: import.meta.url, factory: 'signatureChecks', args: [path] },
      { check: true },
    )
  return {
    check: (asked) => (opened ??= open()).check(asked),
    [Symbol.asyncDispose]: async () => opened?.[Symbol.asyncDispose](),
  }
}
