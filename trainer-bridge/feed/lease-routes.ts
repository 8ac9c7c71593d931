import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hangUp, isGone } from '#infra/net/hang-up.ts'
import type { Server } from '#infra/net/server.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError, errorCodes, type ErrorCode } from '#schemas/errors.ts'
import { Ack, Acks, BatchAnswer, BatchAnswers, LeaseAnswer, LeaseRequest, Nack, Nacks, oneOrMany, Renewal, RenewalAnswer, Renewals } from '#schemas/feed.ts'
import type { AnswerBatches, AnsweredItem } from './answer-batches.ts'
import type { Callers } from './callers.ts'
import type { LeaseBatches } from './lease-batches.ts'

export interface LeaseRouteParts {
  lease: LeaseBatches
  answers: AnswerBatches
  callers: Callers
  /** Of the job that is served. */
  job: string
  pace: Clock
}

const headerId = /^[\x21-\x7e]{1,128}$/

/**
 * Leases and what becomes of them. A 4xx says that asking again cannot help: the request is wrong, the lease is lost, the epoch is fenced. What passes by itself is
 * 200 with `idle` or `wait` and a time to wait, 429, or 5xx.
 */
export function leaseRoutes(app: Server, parts: () => LeaseRouteParts): void {
  const callerOf = async (request: FastifyRequest, node: string) => parts().callers.callerOf(request, node)

  const leaseSchema = { summary: 'Lease batches to train', body: LeaseRequest, response: { 200: LeaseAnswer } }
  app.post('/v1/leases', { schema: leaseSchema }, async (request, reply) => {
    const { body } = request
    const { job, lease } = parts()
    if (body.job !== undefined && body.job !== job)
      throw new OrreryError('not_found', `There is no job "${body.job}"; GET /v1/jobs lists what there is.`, { job: body.job })
    const known = await callerOf(request, body.node)
    return lease(body, {
      known,
      requestId: body.request_id ?? requestIdOf(request),
      sentAt: sentAt(request),
      origin: `${request.protocol}://${request.host}`,
      signal: hangUp(reply),
      isGone: () => isGone(reply),
    })
  })

  const renewSchema = { summary: 'Keep leases alive', body: oneOrMany(Renewal, Renewals), response: { 200: z.union([RenewalAnswer, BatchAnswers]) } }
  app.post('/v1/leases/renew', { schema: renewSchema }, async (request) => {
    const { body } = request
    const { node } = await callerOf(request, body.node)
    const { answers, pace } = parts()
    if ('items' in body) return { items: await answers.renew(node, body.items) }
    const { expires_in_ms = 0 } = oneOf(await answers.renew(node, [body]))
    return { expires_in_ms, expires_at: pace.now() + expires_in_ms }
  })

  const ackSchema = {
    summary: 'Settle batches with their loss; of each the first valid answer counts',
    body: oneOrMany(Ack, Acks),
    response: { 200: z.union([BatchAnswer, BatchAnswers]) },
  }
  app.post('/v1/acks', { schema: ackSchema }, async (request) => {
    const { body } = request
    const { node } = await callerOf(request, body.node)
    if ('items' in body) return { items: await parts().answers.ack(node, body.items) }
    return { batch: oneOf(await parts().answers.ack(node, [body])).batch, state: 'settled' as const }
  })

  const nackSchema = { summary: 'Give batches back untrained', body: oneOrMany(Nack, Nacks), response: { 200: z.union([BatchAnswer, BatchAnswers]) } }
  app.post('/v1/nacks', { schema: nackSchema }, async (request) => {
    const { body } = request
    const known = await callerOf(request, body.node)
    if ('items' in body) return { items: await parts().answers.nack(known, body.items) }
    return { batch: oneOf(await parts().answers.nack(known, [body])).batch, state: 'returned' as const }
  })
}

/** What is asked for alone is refused by its status. */
function oneOf([item]: readonly AnsweredItem[]): AnsweredItem {
  if (item?.error)
    throw new OrreryError(errorCodes.has(item.error.code) ? (item.error.code as ErrorCode) : 'invalid_argument', item.error.message, { batch: item.batch })
  return item as AnsweredItem
}

/** What a client repeats when an answer was lost. A signature is the best of them: nobody else can have made it. */
function requestIdOf({ signedBy, headers }: FastifyRequest): string | undefined {
  if (signedBy) return signedBy.requestKey
  for (const name of ['idempotency-key', 'x-request-id']) {
    const given = headers[name]
    // A key is a string in quotes (draft-ietf-httpapi-idempotency-key-header §2.1), or as it stands.
    const id = typeof given === 'string' ? given.replace(/^"(.*)"$/, '$1') : ''
    if (headerId.test(id)) return id
  }
  return undefined
}

/** By `Date`, which says when a message was made (RFC 9110 §6.6.1). */
function sentAt({ headers: { date } }: FastifyRequest): number | undefined {
  const at = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isFinite(at) ? at : undefined
}
