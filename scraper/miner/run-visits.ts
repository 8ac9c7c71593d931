import type { Claim } from '#schemas/frontier.ts'

/** Where the claims come from. */
export interface Work {
  /**
   * Claims to begin now. Asked again when these are handed out and a visit ends, or a while after. Empty = nothing at this moment; after that `isOver` says
   * whether to stop. May wait as long as nothing is in progress.
   * @param inProgress visits that are going on
   */
  refill(inProgress: number): Promise<Claim[]>
  isOver(): boolean
  /** A visit of this claim has ended, one way or another. */
  ended(claim: Claim): void
  /** Claims that were refilled and will not be visited, at the end. */
  release(claims: readonly Claim[]): Promise<void>
}

interface VisitsOptions {
  work: Work
  /** Ends a claim one way or another, within its own deadlines. What it throws ends all. */
  visit(claim: Claim): Promise<void>
  /** Visits at a time. Each holds its place until its page is read and kept, so that what is fetched never runs ahead of what can be read. */
  concurrency: number
}

/** A host may end its rest while nobody's visit ends: how often that is looked for, ms. */
const pauseMs = 20

/**
 * Visits what the work gives, as many at a time as it may, until the work is over and every visit has ended.
 * @throws what the work or the first visit threw that could not go on, when the visits in progress have ended and all others were released
 */
export async function runVisits({ work, visit, concurrency }: VisitsOptions): Promise<void> {
  const ready: Claim[] = []
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  let change = Promise.withResolvers<void>()
  const attempt = (step: () => Promise<void>): Promise<void> => step().catch((error: unknown) => void failures.push(error))
  const begin = (claim: Claim): void => {
    const visiting = attempt(async () => visit(claim)).then(() => {
      running.delete(visiting)
      work.ended(claim)
      change.resolve()
      change = Promise.withResolvers()
    })
    running.add(visiting)
  }
  const refill = async (): Promise<void> => {
    for (const claim of await work.refill(running.size)) ready.push(claim)
  }
  while (failures.length === 0 && (ready.length > 0 || !work.isOver())) {
    // What changes while claims are asked for is news as well.
    const changed = change.promise
    if (ready.length === 0 && running.size < concurrency) await attempt(refill)
    while (failures.length === 0 && running.size < concurrency && ready.length > 0) begin(ready.shift() as Claim)
    if (running.size > 0 || ready.length === 0) await soon(changed)
  }
  await Promise.all(running)
  await work.release(ready)
  if (failures.length > 0) throw failures[0]
}

/** When that has happened; not for long. */
async function soon(changed: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, pauseMs)
  await Promise.race([changed, promise])
  clearTimeout(timer)
}
