import type { BatchReply, LeaseRequest } from '#schemas/ledger.ts'
import { OrreryError } from '#schemas/errors.ts'
import { refuse, requireFinite, requireInteger, requireText } from '../sqlite/arguments.ts'
import type { EpochKey } from './epochs.ts'
import { asksAgainMsMax } from './waiting.ts'

export const batchesMax = 2 ** 31
const pageMax = 10_000
export const repliesMax = 1000
/** No lease is longer: a week. */
const ttlMsMax = 604_800_000
/** Longer than anything is there, and short enough to be added to a date. */
const availableForMsMax = 2 ** 50
const nameBytesMax = 256
/** What is summed up must stay a number: no batch has more tokens, and a loss beyond it is none. */
const [tokensMax, lossMax] = [2 ** 31, 1e6]

export function requireKey({ planId, epoch }: EpochKey): void {
  requireText('planId', planId, 1024)
  requireInteger('epoch', epoch, 0)
}

export function requirePage({ after, name, limit }: { after?: number | string; name?: string; limit: number }): void {
  requireInteger('limit', limit, 1, pageMax)
  if (typeof after === 'string') requireText('after', after, 4 * nameBytesMax)
  else if (after !== undefined) requireInteger('after', after, 0)
  if (name !== undefined) requireText('name', name, 4 * nameBytesMax)
}

export const requireNode = (node: string): void => requireText('node', node, nameBytesMax)

export function requireLeaseRequest({
  node,
  operator,
  limit,
  batches = [],
  ttlMs,
  outstandingMax,
  availableForMs,
  requestId,
  asksAgainMs,
}: LeaseRequest): void {
  requireNode(node)
  if (operator !== undefined) requireText('operator', operator, nameBytesMax)
  requireInteger('limit', limit, 1)
  requireInteger('batches.length', batches.length, 0, repliesMax)
  for (const batch of batches) requireInteger('batch', batch, 0, batchesMax)
  requireInteger('ttlMs', ttlMs, 1, ttlMsMax)
  requireInteger('outstandingMax', outstandingMax, 1)
  if (availableForMs !== undefined) requireInteger('availableForMs', availableForMs, 0, availableForMsMax)
  if (requestId !== undefined) requireText('requestId', requestId, nameBytesMax)
  if (asksAgainMs !== undefined) requireInteger('asksAgainMs', asksAgainMs, 1, asksAgainMsMax)
}

/** What is wrong with a reply; undefined when nothing is. */
export function wrongReply(reply: BatchReply): string | undefined {
  try {
    requireReply(reply)
    return undefined
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_argument') return error.message
    throw error
  }
}

function requireReply(reply: BatchReply): void {
  requireInteger('batch', reply.batch, 0, batchesMax)
  if (typeof reply.token !== 'string') throw refuse('token', reply.token, 'the token of a lease')
  if (reply.kind === 'renew' || reply.kind === 'trained') requireInteger('ttlMs', reply.ttlMs, 1, ttlMsMax)
  if (reply.kind === 'ack') requireText('label', reply.label, 4 * nameBytesMax)
  if ((reply.kind === 'ack' || reply.kind === 'nack') && reply.by !== undefined) requireNode(reply.by)
  if (reply.kind === 'nack') requireText('reason', reply.reason, 1024)
  if (reply.kind === 'ack' || reply.kind === 'trained') {
    if (reply.loss !== undefined || reply.kind === 'trained') requireLoss(reply.loss ?? Number.NaN)
    if (reply.tokens !== undefined || reply.kind === 'trained') requireInteger('tokens', reply.tokens ?? 0, 1, tokensMax)
  }
}

function requireLoss(loss: number): void {
  requireFinite('loss', loss, 0)
  if (loss > lossMax) throw refuse('loss', loss, `a loss of at most ${lossMax} nats`)
}
