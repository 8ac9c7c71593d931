import type { Chain } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Period, PeriodBook } from './period-book.ts'

/** How often a validator may ask for each within a validation period (Data Universe, REQUEST_LIMIT_BY_TYPE_PER_PERIOD). */
const requestsPerPeriod = { index: 1, bucket: 1, contents: 5 } as const
export type RequestKind = keyof Period['spent']

/** A miner is evaluated once in that time. */
const periodMs = 3_600_000
/** Answers that are made at once; each may take a bucket of 128 MiB through its socket. */
const answersMax = 4
const waitingMax = 64
/** A permit that comes or goes is known here after so long. */
const metagraphMs = 30_000

interface Patience {
  waitMs: number
  signal: AbortSignal
}

/** Who is served, how often, and in which order. */
export interface Admission {
  /** rao behind a hotkey that has a validator permit and enough stake. @throws OrreryError `forbidden` for any other; what the chain throws */
  stakeOf(hotkey: string): Promise<bigint>
  /** Whether it has asked as often as it may. */
  isSpent(hotkey: string, kind: RequestKind): boolean
  /**
   * For who has proved who they are: counts the request and waits for a turn, one at a time for each; of those that wait whoever has most behind them is next. What
   * gets no turn does not count. Disposed of when the answer has left.
   * Counts stay over restarts.
   * @throws OrreryError `rate_limited` when it has asked as often as it may; `store_unavailable` where too many wait, `timed_out` after `waitMs`; the signal's reason
   */
  admit(asker: { hotkey: string; stake: bigint }, kind: RequestKind, patience: Patience): Promise<Disposable>
}

interface AdmissionParts {
  chain: Pick<Chain, 'metagraph'>
  stakeMin: bigint
  pace: Pick<Clock, 'now'>
  book: PeriodBook
}

export function openAdmission({ chain, stakeMin, pace, book }: AdmissionParts): Admission {
  let known: { at: number; stakes: Promise<ReadonlyMap<string, bigint>> } | undefined
  const { periods } = book
  const turn = turnsByStake()

  const stakes = (): Promise<ReadonlyMap<string, bigint>> => {
    if (known && pace.now() - known.at < metagraphMs) return known.stakes
    const read = chain.metagraph().then(({ neurons }) => {
      const permitted = neurons.filter(({ validatorPermit, stake }) => validatorPermit && stake >= stakeMin)
      return new Map(permitted.map(({ hotkey, stake }) => [hotkey, stake]))
    })
    read.catch(() => (known = undefined))
    known = { at: pace.now(), stakes: read }
    return read
  }

  /** Of whoever is served alone: as many as the subnet has validators. */
  const periodOf = (hotkey: string): Period => {
    const now = pace.now()
    for (const [other, { since }] of periods) if (now - since >= periodMs || now < since) periods.delete(other)
    return periods.get(hotkey) ?? { since: now, spent: { index: 0, bucket: 0, contents: 0 } }
  }

  return {
    async stakeOf(hotkey) {
      const stake = (await stakes()).get(hotkey)
      if (stake !== undefined) return stake
      throw new OrreryError('forbidden', `${hotkey} has no validator permit, or less than ${stakeMin} rao behind it; this miner answers validators.`, {
        hotkey,
      })
    },
    isSpent: (hotkey, kind) => periodOf(hotkey).spent[kind] >= requestsPerPeriod[kind],
    async admit({ hotkey, stake }, kind, patience) {
      const period = periodOf(hotkey)
      const { [kind]: most } = requestsPerPeriod
      if (period.spent[kind] >= most) {
        const retrySeconds = Math.ceil((period.since + periodMs - pace.now()) / 1000)
        const message = `A validator may ask for this ${most} times an hour; ask again in ${retrySeconds} s.`
        throw new OrreryError('rate_limited', message, { retry_after_seconds: retrySeconds })
      }
      period.spent[kind]++
      periods.set(hotkey, period)
      try {
        return await afterKeeping(book, turn({ hotkey, stake }, patience))
      } catch (cause) {
        period.spent[kind]--
        await book.keep()
        throw cause
      }
    },
  }
}

/** The turn comes when what was asked is durable: who ends a miner in the middle of its answer gains nothing. */
async function afterKeeping(book: PeriodBook, turn: Promise<Disposable>): Promise<Disposable> {
  const [held, kept] = await Promise.allSettled([turn, book.keep()])
  if (held.status === 'rejected') throw held.reason
  if (kept.status === 'fulfilled') return held.value
  held.value[Symbol.dispose]()
  throw kept.reason
}

interface Asker {
  hotkey: string
  stake: bigint
}

function turnsByStake(): (asker: Asker, patience: Patience) => Promise<Disposable> {
  interface Waiting extends Asker {
    begin(): void
  }
  const waiting: Waiting[] = []
  /** Whoever takes their time to read holds up nobody but themselves. */
  const answered = new Set<string>()
  const begun = (hotkey: string): Disposable => {
    answered.add(hotkey)
    let isOver = false
    return {
      [Symbol.dispose]() {
        if (isOver) return
        isOver = true
        answered.delete(hotkey)
        const ready = waiting.filter((each) => !answered.has(each.hotkey))
        ready.reduce<Waiting | undefined>((most, each) => (most && most.stake >= each.stake ? most : each), undefined)?.begin()
      },
    }
  }
  return async ({ hotkey, stake }, { waitMs, signal }) => {
    signal.throwIfAborted()
    if (answered.size < answersMax && !answered.has(hotkey)) return begun(hotkey)
    if (waiting.length >= waitingMax) throw new OrreryError('store_unavailable', 'Too many wait for an answer of this miner; ask again in a minute.')
    const { promise, resolve, reject } = Promise.withResolvers<Disposable>()
    const leave = (): void => void waiting.splice(waiting.indexOf(entry), 1)
    const entry: Waiting = {
      hotkey,
      stake,
      begin() {
        leave()
        resolve(begun(hotkey))
      },
    }
    waiting.push(entry)
    const giveUp = (cause: unknown): void => {
      if (!waiting.includes(entry)) return
      leave()
      reject(cause)
    }
    const late = setTimeout(() => giveUp(new OrreryError('timed_out', `No turn came within ${waitMs / 1000} s; ask again in a minute.`)), waitMs)
    const hungUp = (): void => giveUp(signal.reason)
    signal.addEventListener('abort', hungUp, { once: true })
    return promise.finally(() => {
      clearTimeout(late)
      signal.removeEventListener('abort', hungUp)
    })
  }
}
