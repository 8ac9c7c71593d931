import type { Clock } from '#schemas/clock.ts'
import type { LeaseGrant } from '#schemas/feed.ts'
import type { FeedClient } from './feed-client.ts'

export interface KeptLease extends AsyncDisposable {
  /** Aborted when the node leaves, or with the feed's error when the lease is lost. */
  readonly signal: AbortSignal
}

/** A lease with less left than this is let go: its node has announced to leave by then. */
const leastMs = 250

/** Renews a lease at half of its time, again and again, until it is disposed of. */
export function keepLease({ client, pace, signal }: { client: FeedClient; pace: Clock; signal: AbortSignal }, grant: LeaseGrant): KeptLease {
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
      await pace.sleep(leftMs / 2, signal)
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
