import type { Clock } from '#schemas/clock.ts'
import type { Document } from '#schemas/document.ts'
import type { Lease, Leased, Queue } from '#schemas/queue.ts'
import { readArrival, type Withdrawal } from './arrival.ts'

/** Messages of one claim: between two of them others get their turn. */
const batchMax = 200
const batchBytesMax = 4 << 20
/** What a document weighs beside its text: its signature, its scores, the names of its fields. */
const fixedBytes = 2048
const lookMs = 500
/** Longer than the work may take between two calls of `hold`. What a killed process held comes back after it. */
const leaseMs = 60_000

/** How much of a queue is taken in at once. */
export interface PortionLimits {
  messages: number
  /** Of texts; one message may be more. */
  bytes: number
}

export interface ArrivalSource {
  queue: Queue
  /** Runs the leases of the queue. */
  pace: Clock
  limits: PortionLimits
  signal: AbortSignal
}

/** Messages of the queue, held until what they say is in a snapshot. */
export interface Arrivals {
  /** How many; malformed ones too. */
  readonly messages: number
  readonly documents: readonly Document[]
  readonly withdrawals: readonly Withdrawal[]
  /** Messages that are neither: given up, dead in the queue. */
  readonly malformed: readonly { key: string; cause: unknown }[]
  /** Prolongs the leases when a third of their time is gone. @throws OrreryError `lease_lost`; the signal's reason when aborted */
  hold(): Promise<void>
  /** Takes them off the queue. @throws OrreryError `lease_lost`; then they come again, which adding them to a snapshot twice survives */
  acknowledge(): Promise<void>
}

/** What another process holds is waited for, as long as a lease lasts: most likely it was killed. */
export async function waitForOthers({ queue, pace, signal }: Pick<ArrivalSource, 'queue' | 'pace' | 'signal'>): Promise<void> {
  const deadline = pace.now() + leaseMs
  while ((await queue.stats()).leased > 0 && pace.now() <= deadline) await pace.sleep(lookMs, signal)
}

/** The next portion of what is ready; undefined when nothing is. */
export async function claimArrivals(source: ArrivalSource): Promise<Arrivals | undefined> {
  const { queue, limits } = source
  const [documents, withdrawals, malformed]: [Document[], Withdrawal[], Arrivals['malformed'][number][]] = [[], [], []]
  const held = heldLeases(source)
  const left = { ...limits }
  const take = async ({ key, token, body }: Leased): Promise<void> => {
    try {
      const arrival = readArrival(body)
      held.leases.push({ key, token })
      if ('withdrawal' in arrival) withdrawals.push(arrival.withdrawal)
      else documents.push(arrival.document)
      left.bytes -= 'document' in arrival ? arrival.document.text_bytes + (arrival.document.markdown?.length ?? 0) + fixedBytes : fixedBytes
    } catch (cause) {
      malformed.push({ key, cause })
      await queue.fail({ key, token }, { reason: 'invalid_record' })
    }
  }
  while (left.messages > 0 && left.bytes > 0) {
    const claimed = await queue.claim({ limit: Math.min(left.messages, batchMax), leaseMs, bytesMax: Math.min(left.bytes, batchBytesMax) })
    if (claimed.length === 0) break
    left.messages -= claimed.length
    for (const lease of claimed) await take(lease)
    await held.hold()
  }
  const messages = limits.messages - left.messages
  if (messages === 0) return undefined
  return { messages, documents, withdrawals, malformed, hold: held.hold, acknowledge: () => queue.done(held.leases) }
}

function heldLeases({ queue, pace, signal }: ArrivalSource): { leases: Lease[]; hold(): Promise<void> } {
  const leases: Lease[] = []
  let heldSince = pace.now()
  const hold = async (): Promise<void> => {
    signal.throwIfAborted()
    if (pace.now() - heldSince < leaseMs / 3) return
    heldSince = pace.now()
    await queue.extend(leases, leaseMs)
  }
  return { leases, hold }
}
