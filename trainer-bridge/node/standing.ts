import type { NodeAnswer } from '#schemas/feed-nodes.ts'
import type { FeedClient } from './feed-client.ts'
import type { Shift } from './shift.ts'

/** How a node stands, by the books of the feed: what it says of itself counts for nothing. */
export interface NodeStanding {
  batches: number
  tokens: number
  /** Mean over its batches, nats per token; null before the first. */
  loss: number | null
  /** Of the batches that it had, the part that it settled; null before the first. */
  reliability: number | null
  /** Of its tokens, by what the operator says to pay, in his own unit; null where he says nothing. */
  payout: number | null
}

/** Over all days that the feed remembers. */
export function standingOf({ days, pay_per_million_tokens: pay = 0 }: Pick<NodeAnswer, 'days' | 'pay_per_million_tokens'>): NodeStanding {
  const sum = (of: 'settled' | 'tokens' | 'loss_sum' | 'returned' | 'lost'): number => days.reduce((total, day) => total + day[of], 0)
  const batches = sum('settled')
  const tokens = sum('tokens')
  const had = batches + sum('returned') + sum('lost')
  return {
    batches,
    tokens,
    loss: batches === 0 ? null : sum('loss_sum') / batches,
    reliability: had === 0 ? null : batches / had,
    payout: pay > 0 ? (tokens / 1e6) * pay : null,
  }
}

/** Tells how the node stands, if the feed says so now. */
export async function tellStanding(
  { client, node, telemetry }: Pick<Shift, 'node' | 'telemetry'> & { client: Pick<FeedClient, 'history'> },
  signal: AbortSignal,
): Promise<void> {
  const history = await client.history(signal).catch(() => undefined)
  if (history) telemetry.event('node.standing', { node, ...standingOf(history) })
}
