import type { LeaseGrant } from '#schemas/feed.ts'
import type { FeedClient } from './feed-client.ts'
import { passTime, type WakingTime } from './waking-time.ts'

export interface KeptLease extends AsyncDisposable {
  /** Aborted when the node leaves, or with the feed's error when the lease is lost. */
  readonly signal: AbortSignal
}

/** A lease with less left than this is let go: its node has announced to leave by then. */
const leastMs = 250

/** Renews a lease at half of its time, again and again, until it is disposed of; after a sleep of the machine at once. */
export function keepLease({ client, signal, ...time }: WakingTime & { client: Pick<FeedClient, 'renew'>; signal: AbortSignal }, grant: LeaseGrant): KeptLease {
  const lost = new AbortController()
  const finished = new AbortController()
  const kept = AbortSignal.any([signal, lost.signal])
  const until = AbortSignal.any([kept, finished.signal])
  const renewing = renewUntil(until).catch((error: unknown) => {
    if (!until.aborted) lost.abort(error)
  })

  async function renewUntil(signal: AbortSignal): Promise<void> {
    let leftMs = grant.expires_in_ms
    while (leftMs > leastMs) {
      await passTime(time, leftMs / 2, signal)
      leftMs = (await client.renew(grant, signal)).expires_in_ms
    }
  }

  return {
    signal: kept,
    async [Symbol.asyncDispose]() {
      finished.abort()
      await renewing
    },
  }
}
