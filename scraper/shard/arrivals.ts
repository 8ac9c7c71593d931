import type { Clock } from '#schemas/clock.ts'
import { decodeDocument, type Document } from '#schemas/document.ts'
import type { Leased, Queue } from '#schemas/queue.ts'

const batch = 500
/** Short: what a killed process held comes back after it. */
const leaseMs = 30_000
const lookMs = 500

/** The documents that wait in a queue, held until they are in a snapshot. */
export interface Arrivals {
  readonly documents: readonly Document[]
  /** Messages that are no documents: given up, dead in the queue. */
  readonly malformed: readonly { key: string; cause: unknown }[]
  /** Prolongs the leases when half their time is gone. @throws OrreryError `lease_lost` */
  hold(): Promise<void>
  /** Takes them off the queue. @throws OrreryError `lease_lost`; then they come again, which adding them to a snapshot twice survives */
  acknowledge(): Promise<void>
}

/**
 * Claims everything that is ready; what another process holds is waited for, as long as a lease lasts: most likely it was killed.
 * @param pace the clock the queue's leases run on
 */
export async function claimArrivals(queue: Queue, pace: Clock, signal: AbortSignal): Promise<Arrivals> {
  const leases: Leased[] = []
  const documents: Document[] = []
  const malformed: { key: string; cause: unknown }[] = []
  let heldSince = pace.now()
  const hold = async (): Promise<void> => {
    signal.throwIfAborted()
    if (pace.now() - heldSince < leaseMs / 2) return
    heldSince = pace.now()
    for (const lease of leases) await queue.extend([lease], leaseMs)
  }
  const deadline = pace.now() + leaseMs
  for (;;) {
    const claimed = await queue.claim({ limit: batch, leaseMs })
    for (const lease of claimed) {
      try {
        documents.push(decodeDocument(lease.body))
        leases.push(lease)
      } catch (cause) {
        malformed.push({ key: lease.key, cause })
        await queue.fail(lease, { reason: 'invalid_record' })
      }
    }
    await hold()
    if (claimed.length > 0) continue
    const { waiting, leased } = await queue.stats()
    if ((waiting === 0 && leased <= leases.length) || pace.now() > deadline) break
    await pace.sleep(lookMs, signal)
  }
  const acknowledge = async (): Promise<void> => {
    for (let at = 0; at < leases.length; at += batch) await queue.done(leases.slice(at, at + batch))
  }
  return { documents, malformed, hold, acknowledge }
}
