import { OrreryError } from '#schemas/errors.ts'
import type { BatchLease, BatchOutcome, BatchReply, BatchResult, Ledger } from '#schemas/ledger.ts'

type Said = BatchReply extends infer Reply ? (Reply extends BatchReply ? Omit<Reply, 'batch' | 'token' | 'fence'> : never) : never

/** One reply of the node that has the lease. @throws OrreryError the code of a refusal */
export async function answerLease(ledger: Pick<Ledger, 'answer'>, lease: BatchLease, said: Said): Promise<BatchOutcome> {
  const { planId, epoch, node, batch, token, fence } = lease
  const [outcome] = await ledger.answer(planId, epoch, { node, replies: [{ batch, token, fence, ...said } as BatchReply] })
  if (!outcome) throw new Error('no outcome')
  if (outcome.state === 'refused') throw new OrreryError(outcome.code, outcome.message)
  return outcome
}

export const settle = (ledger: Pick<Ledger, 'answer'>, lease: BatchLease, { loss, tokens }: BatchResult, label = 'web'): Promise<BatchOutcome> =>
  answerLease(ledger, lease, { kind: 'ack', label, loss, tokens })

export const nack = (ledger: Pick<Ledger, 'answer'>, lease: BatchLease, reason: string, untried = false): Promise<BatchOutcome> =>
  answerLease(ledger, lease, { kind: 'nack', reason, untried })

/** @returns the new expiry, ms since epoch */
export async function renew(ledger: Pick<Ledger, 'answer'>, lease: BatchLease, ttlMs: number): Promise<number> {
  const outcome = await answerLease(ledger, lease, { kind: 'renew', ttlMs })
  if (!('expiresAt' in outcome)) throw new Error(`renewed, but ${outcome.state}`)
  return outcome.expiresAt
}

/** So many leases of a node that may hold any number. */
export async function leases(
  ledger: Pick<Ledger, 'lease'>,
  [planId, epoch]: readonly [string, number],
  { node = 'n', limit = 1, ttlMs = 60_000 }: { node?: string; limit?: number; ttlMs?: number } = {},
): Promise<BatchLease[]> {
  return (await ledger.lease(planId, epoch, { node, limit, ttlMs, outstandingMax: 1_000_000 })).leases
}
