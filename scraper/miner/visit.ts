import { storeFailure } from '#infra/store/failure.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim } from '#schemas/frontier.ts'
import { Visitor, type VisitorOptions } from './visitor.ts'
import { releaseClaim } from './work.ts'

/**
 * Visits one claim and ends it: fetch, find, keep, in that order. What the page links to and the document itself are durable before the frontier hears that
 * the visit is done, so a crash in between costs a second visit and nothing else. Aborted, it gives the claim back.
 *
 * Whatever goes wrong in a visit ends that visit alone, as `failed: internal`. @throws OrreryError of a store that cannot be written, which ends the crawl
 */
export function claimVisitor(options: VisitorOptions): (claim: Claim) => Promise<void> {
  const visitor = new Visitor(options)
  return async (claim) => {
    try {
      if (claim.expiresAt - options.pace.now() < options.visitMs) await releaseClaim(options.frontier, claim, options.pace)
      else if ((await within(options.visitMs, visitor.visit(claim))) === 'late') tellLate(options, claim)
    } catch (error) {
      if (options.signal.aborted) await releaseClaim(options.frontier, claim, options.pace)
      else if (isLeaseLost(error)) options.telemetry.count('crawl.leases_lost')
      else await endFailed(options, visitor, claim, error)
    }
  }
}

const isLeaseLost = (error: unknown): boolean => error instanceof OrreryError && error.code === 'lease_lost'

/** The page is asked for again, later: what it met may be mended by then, its own or ours. */
async function endFailed(options: VisitorOptions, visitor: Visitor, claim: Claim, error: unknown): Promise<void> {
  const failure = storeFailure(error)
  if (failure) throw failure
  const { url, kind } = claim
  options.telemetry.count('crawl.visits_failed')
  options.telemetry.event('crawl.visit_failed', { url, kind, error: stackOf(error) })
  try {
    await visitor.fail(claim)
  } catch (ending) {
    if (!isLeaseLost(ending)) throw storeFailure(ending) ?? ending
    options.telemetry.count('crawl.leases_lost')
  }
}

/** A visit has deadlines of its own; one that outlives them all must not keep the crawl from its end. Its claim comes back by its lease. */
async function within(ms: number, work: Promise<void>): Promise<'late' | void> {
  const { promise, resolve } = Promise.withResolvers<'late'>()
  const timer = setTimeout(resolve, ms, 'late')
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    // Nobody listens to it any more when it was late.
    work.catch(() => undefined)
  }
}

function tellLate({ telemetry }: VisitorOptions, { url, kind }: Claim): void {
  telemetry.count('crawl.visits_late')
  telemetry.event('crawl.visit_late', { url, kind })
}
