import type { Clock } from '#schemas/clock.ts'
import { compareText } from '#schemas/compare-text.ts'
import { OrreryError } from '#schemas/errors.ts'
import { pageVisits, type Claim, type Frontier, type FrontierStats } from '#schemas/frontier.ts'
import type { Gate } from '../limits/gate.ts'
import type { Work } from './run-visits.ts'

export interface WorkOptions {
  frontier: Frontier
  /** label → finished visits it shall have in the end, counted over all cycles. Together they are what is visited; who gets how much of it hangs on who is ready. */
  targets: ReadonlyMap<string, number>
  /** label → most finished visits it may have, over all cycles. */
  limits: ReadonlyMap<string, number>
  pace: Clock
  concurrency: number
  /** Of one visit that begins soon. */
  leaseMs: number
  /**
   * Round by round: one page of up to 64 hosts, the next round when all of it is done. Then what is visited depends on the site and the lists alone,
   * not on concurrency or on who answered first. Otherwise a slot that is free is filled at once.
   */
  inRounds: boolean
  /** Told of all claims that are held, whenever more are. */
  onClaims(held: readonly Claim[]): Promise<void>
  /** What the operator allows. */
  gate: Gate
  /** Told what the frontier holds, whenever it was asked. */
  onStats(stats: FrontierStats): void
  /** Told when nothing can be asked before `until` (ms since epoch). */
  onWait(until: number): void
  signal: AbortSignal
}

/** Independent of the concurrency, which must not show in what is visited. */
const hostsPerRound = 64
/** Claims taken ahead of the slots that are free: one look into the frontier for many visits. */
const claimsAheadMax = 32
/** What the frontier holds is asked for no more often than this, ms. */
const statsEveryMs = 250
/** Waiting longer than this for the next page is not worth keeping the cycle open. */
const soonMs = 15_000
const shortestWaitMs = 5

/**
 * Claims from the frontier until as many visits are made as all labels together shall have, or nothing more becomes ready soon. A label that is behind its share
 * goes first; a slot that it cannot use at the moment is for whoever is ready, so that no host's rest holds up another label.
 */
export function cycleWork(options: WorkOptions): Work {
  const { frontier, pace, signal, inRounds, concurrency, gate } = options
  const lent = new Map<string, Claim>()
  let isOver = false
  /** The last stats. */
  let told: { at: number; stats: FrontierStats } | undefined
  /** Claims that have ended since they were asked for, so that how many visits are left is never thought to be more than it is. */
  let ended: Claim[] = []

  const ask = async () => {
    ended = []
    const stats = await frontier.stats()
    options.onStats(stats)
    return { at: pace.now(), stats }
  }

  const freeSlots = async (inProgress: number): Promise<number> => {
    for (;;) {
      const allowed = await gate.ask(lent.size)
      // A round is whole or not at all, so that what is in it does not depend on time; what it spends too much is waited for before the next.
      if ('visits' in allowed && allowed.isProbe) return inProgress > 0 ? 0 : 1
      if ('visits' in allowed) return inRounds ? (inProgress > 0 ? 0 : hostsPerRound) : Math.min(freeToClaim(concurrency, inProgress), allowed.visits)
      if (inProgress > 0) return 0
      await pace.sleep(allowed.waitMs, signal)
    }
  }

  const refill = async (inProgress: number): Promise<Claim[]> => {
    while (!isOver) {
      const slots = await freeSlots(inProgress)
      if (slots <= 0) return []
      const isFresh = inRounds || told === undefined || pace.now() - told.at >= statsEveryMs
      const { stats } = (told = told === undefined || isFresh ? await ask() : told)
      const open = openWork(options, stats, [...lent.values(), ...ended])
      const claims = await claimShares(options, open, slots)
      gate.began(claims.length)
      if (claims.length > 0 || inProgress > 0) return claims
      told = undefined
      if (!isFresh) continue
      isOver = open.left <= 0 || !(await waitUntilReady(options, [...open.rooms.keys()]))
    }
    return []
  }

  return {
    isOver: () => isOver || signal.aborted,
    ended(claim) {
      lent.delete(claim.token)
      ended.push(claim)
    },
    async refill(inProgress) {
      try {
        const claims = signal.aborted ? [] : await refill(inProgress)
        for (const claim of claims) lent.set(claim.token, claim)
        if (claims.length > 0) await options.onClaims([...lent.values()])
        return claims
      } catch (error) {
        if (signal.aborted) return []
        throw error
      }
    },
    async release(claims) {
      for (const claim of claims) await releaseClaim(frontier, claim, pace)
    },
  }
}

const freeToClaim = (concurrency: number, inProgress: number): number => concurrency - inProgress + Math.min(concurrency, claimsAheadMax)

/** Gives a claim back unvisited. */
export async function releaseClaim(frontier: Frontier, claim: Claim, pace: Clock): Promise<void> {
  await frontier.defer(claim, { reason: 'released', until: pace.now(), holdHost: false }).catch((error: unknown) => {
    if (!(error instanceof OrreryError && error.code === 'lease_lost')) throw error
  })
}

interface OpenWork {
  /** Visits that may still begin. */
  left: number
  /** label → visits that it is behind its share, in order of the label; only those with any. */
  wanted: ReadonlyMap<string, number>
  /** label → visits that it may have at most, in order of the label; only those with any. */
  rooms: ReadonlyMap<string, number>
}

function openWork({ targets, limits }: WorkOptions, { labels }: FrontierStats, lent: Iterable<Claim>): OpenWork {
  const begun = new Map<string, { pages: number; lists: number }>()
  for (const { kind, label } of lent) {
    const { pages, lists } = begun.get(label) ?? { pages: 0, lists: 0 }
    begun.set(label, kind === 'page' ? { pages: pages + 1, lists } : { pages, lists: lists + 1 })
  }
  const counted = [...targets]
    .map(([label, target]) => {
      const stats = labels.get(label)
      const pages = (stats ? pageVisits(stats) : 0) + (begun.get(label)?.pages ?? 0)
      // Sitemaps and feeds are visits as well; what a source limits is its pages.
      const lists = (stats?.lists ?? 0) + (begun.get(label)?.lists ?? 0)
      return { label, wanted: target - pages - lists, room: (limits.get(label) ?? Infinity) - pages }
    })
    .toSorted((a, b) => compareText(a.label, b.label))
  return {
    left: counted.reduce((sum, { wanted }) => sum + wanted, 0),
    wanted: new Map(counted.flatMap(({ label, wanted }) => (wanted > 0 ? [[label, wanted]] : []))),
    rooms: new Map(counted.flatMap(({ label, room }) => (room > 0 ? [[label, room]] : []))),
  }
}

/** First each label that is behind up to its part of the slots, then whoever is ready. */
async function claimShares({ frontier, leaseMs: visitLeaseMs, inRounds }: WorkOptions, { left, wanted, rooms }: OpenWork, free: number): Promise<Claim[]> {
  // The last of a round may have to wait for all others: given back for that, it would come into another round than on a quicker machine.
  const leaseMs = inRounds ? hostsPerRound * visitLeaseMs : visitLeaseMs
  const slots = Math.min(free, left)
  const claims: Claim[] = []
  const roomLeft = new Map(rooms)
  const claim = async (labels: readonly string[], limit: number): Promise<void> => {
    if (limit <= 0 || labels.length === 0) return
    for (const found of await frontier.claim({ limit, leaseMs, labels })) {
      claims.push(found)
      roomLeft.set(found.label, (roomLeft.get(found.label) ?? 0) - 1)
    }
  }
  const total = wanted.values().reduce((a, b) => a + b, 0)
  for (const [label, want] of wanted) await claim([label], Math.min(want, Math.ceil((slots * want) / total), roomLeft.get(label) ?? 0, slots - claims.length))
  // What has a limit of its own is asked for by itself, so that it is kept.
  const { wide = [], narrow = [] } = Object.groupBy(rooms.keys(), (label) => ((roomLeft.get(label) ?? 0) >= slots ? 'wide' : 'narrow'))
  await claim(wide, slots - claims.length)
  for (const label of narrow) await claim([label], Math.min(roomLeft.get(label) ?? 0, slots - claims.length))
  return claims
}

/** False when nothing of these labels becomes ready soon; what is leased to somebody who may be dead is waited for as long as that can last. */
async function waitUntilReady({ frontier, pace, signal, leaseMs, onWait }: WorkOptions, labels: readonly string[]): Promise<boolean> {
  const readyAt = await frontier.nextReadyAt(labels)
  const waitMs = readyAt === undefined ? Infinity : readyAt - pace.now()
  const stats = (await frontier.stats()).labels
  const isLeased = labels.some((label) => (stats.get(label)?.leased ?? 0) > 0)
  if (waitMs > (isLeased ? Math.max(soonMs, leaseMs) : soonMs)) return false
  onWait(pace.now() + waitMs)
  await pace.sleep(Math.max(waitMs, shortestWaitMs), signal)
  return true
}
