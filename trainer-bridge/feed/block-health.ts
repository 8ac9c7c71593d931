import { randomInt } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { OpenEpoch } from './open-epoch.ts'

/** A block, said so that it can be tried again. */
interface BlockPlace {
  planId: string
  batch: number
  read(): Promise<unknown>
}

export interface BlockHealthParts {
  pace: Clock
  telemetry: Pick<Telemetry, 'event'>
  /** A block that could not be read for so long is given up. */
  lostMs: number
  /** What is trained: others of its blocks are looked at, to tell a block that is gone from a store that is. */
  current(): Pick<OpenEpoch, 'planId' | 'batches' | 'blocks'> | undefined
  /** Reading works again, or a block was given up: who waits may look. */
  changed(): void
  /** Of what was given up: the object that is gone, where it is known. */
  lost(key: string | undefined): void
  signal: AbortSignal
}

/**
 * Whether blocks can be read. While the store is away nobody is sent to fetch from it; a block whose object is gone or spoilt is tried again for a while, and then
 * given up. Nothing of it is any node's fault.
 */
export interface BlockHealth {
  /** Reads a block. @throws OrreryError `store_unavailable` where it cannot be read for now, whatever the reason, `not_found` where it was given up */
  read<T>(place: Omit<BlockPlace, 'read'> & { read(): Promise<T> }): Promise<T>
  /** Nothing of what is trained can be read for now. */
  isAway(): boolean
  /** It cannot be read now: nobody should be sent for it. */
  isUnreadable(planId: string, batch: number): boolean
  /** It was given up. */
  isLost(planId: string, batch: number): boolean
  /** All of the plan was given up: so many could not be read one after the other, for so long, and none could. */
  isPlanLost(planId: string): boolean
}

interface Bad {
  place: BlockPlace
  since: number
  isLost: boolean
}

/** Between two tries, ms: the first, and the longest. */
const [firstMs, longestMs] = [250, 5_000]
/** Blocks of a plan that cannot be read, as far as they are remembered. */
const badMax = 4_096
/** So many of them are tried again at a time. */
const triedMax = 64
/** So many different ones that fail one after the other may be all there is: */
const newInRowMax = 16
/** then so many others are looked at, at a time. */
const samplesMax = 8
const retrySeconds = 2

export function blockHealth({ pace, telemetry, lostMs, current, changed, lost, signal }: BlockHealthParts): BlockHealth {
  /** Of one plan, the newest that was read from. */
  let bad = new Map<number, Bad>()
  let badPlan: string | undefined
  let newInRow = 0
  /** Since the store does not answer. */
  let away: { place: BlockPlace; since: number } | undefined
  let allGoneSince: number | undefined
  let isTrying = false

  function worked({ planId, batch }: BlockPlace): void {
    newInRow = 0
    const wasAway = isAway()
    allGoneSince = undefined
    const wasBad = planId === badPlan && bad.delete(batch)
    // The store answers: it is that block alone.
    if (away && away.place.planId === planId && away.place.batch !== batch) isNewlyBad(away.place)
    away = undefined
    if (wasAway) telemetry.event('bridge.blocks', { state: 'back' })
    if (wasAway || wasBad) changed()
  }

  /** @returns whether that was not known */
  function isNewlyBad(place: BlockPlace): boolean {
    if (badPlan !== place.planId) [bad, badPlan, newInRow, allGoneSince] = [new Map(), place.planId, 0, undefined]
    if (bad.has(place.batch)) return false
    if (bad.size < badMax) bad.set(place.batch, { place, since: pace.now(), isLost: false })
    return true
  }

  function failed(place: BlockPlace, error: OrreryError): void {
    const isKnown = place.planId === badPlan && bad.has(place.batch)
    if (error.code !== 'data_unreadable' && !isKnown) {
      if (!away) telemetry.event('bridge.blocks', { state: 'away', error: error.message })
      away ??= { place, since: pace.now() }
    } else {
      if (error.code === 'data_unreadable') away = undefined
      // The same one again, whoever asks for it, says nothing of the others.
      if (isNewlyBad(place) && ++newInRow >= newInRowMax) allGoneSince ??= pace.now()
      if (!away) giveUp(place.batch, error)
    }
    if (!isTrying) void tryAgain().catch(() => undefined)
  }

  function giveUp(batch: number, error: OrreryError): void {
    const known = bad.get(batch)
    if (!known || known.isLost || pace.now() - known.since < lostMs) return
    known.isLost = true
    telemetry.event('bridge.block_lost', { plan_id: known.place.planId, batch, error: error.message })
    const { key } = error.details
    lost(typeof key === 'string' ? key : undefined)
    changed()
  }

  /** One look after the other, with a growing pause, as long as anything is not well. */
  async function tryAgain(): Promise<void> {
    isTrying = true
    try {
      for (let pauseMs = firstMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, longestMs)) {
        if (!isAway() && ![...bad.values()].some(({ isLost }) => !isLost)) return
        await pace.sleep(pauseMs, signal)
        for (const place of samples(allGoneSince === undefined ? 1 : samplesMax)) await attempt(place).catch(() => undefined)
        if (away) await attempt(away.place).catch(() => undefined)
        else for (const place of nextBad()) await attempt(place).catch(() => undefined)
      }
    } finally {
      isTrying = false
    }
  }

  /** Of what is trained. */
  function samples(count: number): BlockPlace[] {
    const open = current()
    if (!open) return []
    const { planId, batches, blocks } = open
    const numbers = Array.from({ length: count }, () => randomInt(batches.length))
    return numbers.map((batch) => ({ planId, batch, read: () => blocks.block(batch) }))
  }

  /** Those that were tried longest ago; the order of the map is that of the last try. */
  function nextBad(): BlockPlace[] {
    const next = [...bad].filter(([, { isLost }]) => !isLost).slice(0, triedMax)
    for (const [batch, each] of next) {
      bad.delete(batch)
      bad.set(batch, each)
    }
    return next.map(([, { place }]) => place)
  }

  const isLost = (planId: string, batch: number): boolean => planId === badPlan && bad.get(batch)?.isLost === true
  const isAway = (): boolean => away !== undefined || (allGoneSince !== undefined && current()?.planId === badPlan)

  async function attempt(place: BlockPlace): Promise<unknown> {
    try {
      const value = await place.read()
      worked(place)
      return value
    } catch (error) {
      if (!(error instanceof OrreryError) || !own.has(error.code)) throw error
      failed(place, error)
      if (isLost(place.planId, place.batch)) {
        const message = `The block of batch ${place.batch} is lost (${error.message}); give the batch back, and lease another.`
        throw new OrreryError('not_found', message, { batch: place.batch, reason: error.code }, error)
      }
      throw new OrreryError(
        'store_unavailable',
        `Batch ${place.batch} cannot be read for now (${error.message}); ask again in ${retrySeconds} s.`,
        {
          batch: place.batch,
          reason: error.code,
          retry_after_seconds: retrySeconds,
        },
        error,
      )
    }
  }

  return {
    read: async <T>(place: Omit<BlockPlace, 'read'> & { read(): Promise<T> }) => (await attempt(place)) as T,
    isAway,
    isUnreadable: (planId, batch) => planId === badPlan && bad.has(batch),
    isLost,
    isPlanLost: (planId) => planId === badPlan && allGoneSince !== undefined && pace.now() - allGoneSince >= lostMs,
  }
}

/** What is wrong on this side. */
const own = new Set(['data_unreadable', 'store_unavailable', 'upstream_failed', 'timed_out'])
