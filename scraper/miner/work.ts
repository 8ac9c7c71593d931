import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim, Frontier, FrontierStats } from '#schemas/frontier.ts'
import { splitWithin } from '../jobs/budget.ts'
import type { Gate } from '../limits/gate.ts'
import type { Work } from './run-visits.ts'

export interface WorkOptions {
  frontier: Frontier
  /** label → finished visits it shall have in the end, counted over all cycles. */
  targets: ReadonlyMap<string, number>
  /** Who takes over what another label cannot use, in proportion. */
  weights: ReadonlyMap<string, number>
  /** label → most finished visits it may have, over all cycles. */
  limits: ReadonlyMap<string, number>
  pace: Clock
  concurrency: number
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
  /** Keeps moved targets durable. */
  retarget(targets: ReadonlyMap<string, number>): Promise<void>
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

/** Claims from the frontier until every label has the visits it shall have, or nothing more becomes ready soon. */
export function cycleWork(options: WorkOptions): Work {
  const { frontier, pace, signal, inRounds, concurrency, gate } = options
  const lent = new Map<string, Claim>()
  let targets = options.targets
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
      const allowed = await gate.ask()
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
      const open = openLabels(stats, targets, [...lent.values(), ...ended])
      const claims = await claimShares(options, open, slots)
      gate.began(claims.length)
      if (claims.length > 0 || inProgress > 0) return claims
      told = undefined
      if (!isFresh) continue
      if (open.size > 0 && (await waitUntilReady(options, [...open.keys()]))) continue
      const moved = open.size > 0 ? await takeOver(options, targets, open) : undefined
      if (moved) await options.retarget((targets = moved))
      else isOver = true
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

/** label → visits it may still begin, in order of the label; only those with any. */
function openLabels({ labels }: FrontierStats, targets: ReadonlyMap<string, number>, lent: Iterable<Claim>): Map<string, number> {
  const begun = new Map<string, number>()
  for (const { kind, label } of lent) if (kind === 'page') begun.set(label, (begun.get(label) ?? 0) + 1)
  const open = [...targets].map(([label, target]) => {
    const { stored = 0, unchanged = 0, rejected = 0, failed = 0 } = labels[label] ?? {}
    return [label, target - stored - unchanged - rejected - failed - (begun.get(label) ?? 0)] as const
  })
  return new Map(open.filter(([, left]) => left > 0).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** First each label up to its share of the slots, then whoever has more. */
async function claimShares({ frontier, leaseMs }: WorkOptions, open: ReadonlyMap<string, number>, slots: number): Promise<Claim[]> {
  const claims: Claim[] = []
  const left = new Map(open)
  const total = open.values().reduce((a, b) => a + b, 0)
  for (const share of [(wanted: number) => Math.ceil((slots * wanted) / total), () => slots]) {
    for (const [label, wanted] of open) {
      const limit = Math.min(left.get(label) ?? 0, share(wanted), slots - claims.length)
      if (limit <= 0) continue
      const found = await frontier.claim({ limit, leaseMs, labels: [label] })
      for (const claim of found) claims.push(claim)
      // A label that gave less than it was asked for has no more.
      left.set(label, found.length < limit ? 0 : (left.get(label) ?? 0) - found.filter(({ kind }) => kind === 'page').length)
    }
  }
  return claims
}

/** False when nothing of these labels becomes ready soon; what is leased to somebody who may be dead is waited for as long as that can last. */
async function waitUntilReady({ frontier, pace, signal, leaseMs, onWait }: WorkOptions, labels: readonly string[]): Promise<boolean> {
  const readyAt = await frontier.nextReadyAt(labels)
  const waitMs = readyAt === undefined ? Infinity : readyAt - pace.now()
  const stats = (await frontier.stats()).labels
  const isLeased = labels.some((label) => (stats[label]?.leased ?? 0) > 0)
  if (waitMs > (isLeased ? Math.max(soonMs, leaseMs) : soonMs)) return false
  onWait(pace.now() + waitMs)
  await pace.sleep(Math.max(waitMs, shortestWaitMs), signal)
  return true
}

/** The visits that dry labels cannot use go to those that can. Undefined when nobody can. */
async function takeOver(
  { frontier, pace, weights, limits }: WorkOptions,
  targets: ReadonlyMap<string, number>,
  dry: ReadonlyMap<string, number>,
): Promise<Map<string, number> | undefined> {
  const takers = new Map<string, number>()
  const room = (label: string) => (limits.get(label) ?? Infinity) - (targets.get(label) ?? 0)
  for (const [label, weight] of weights) {
    if (room(label) <= 0) continue
    const readyAt = dry.has(label) || !targets.has(label) ? undefined : await frontier.nextReadyAt([label])
    if (readyAt !== undefined && readyAt - pace.now() <= soonMs) takers.set(label, weight)
  }
  if (takers.size === 0) return undefined
  const extra = splitWithin(
    dry.values().reduce((a, b) => a + b, 0),
    takers,
    room,
  )
  return new Map([...targets].map(([label, target]) => [label, target - (dry.get(label) ?? 0) + (extra.get(label) ?? 0)]))
}
