import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { ErrorBody } from '#infra/net/server.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { Ack, BatchAnswer, FeedPlanAnswer, LeaseAnswer, LeaseRequest, Nack, ProgressAnswer, Renewal, RenewalAnswer } from '#schemas/feed.ts'
import { arrowStreamType, encodeArrow } from '../blocks/arrow.ts'
import type { Feed } from './feed.ts'

const BlockPath = z.strictObject({
  plan: z.string().regex(/^[0-9a-f]{64}$/),
  epoch: z.coerce.number().int().nonnegative(),
  batch: z.coerce.number().int().nonnegative(),
})
type BlockPath = z.infer<typeof BlockPath>

/** What OpenAPI calls a string of bytes; Fastify sends bytes past the serializer. */
const Binary = z.string().meta({ format: 'binary' }) as unknown as z.ZodType<Uint8Array>

const octets = 'application/octet-stream'
const refused = { 400: ErrorBody, 404: ErrorBody, 409: ErrorBody }

/**
 * The feed over HTTP. A 4xx says that asking again cannot help: the request is wrong, the lease is lost, the epoch is fenced.
 * What passes by itself is 200 with `idle` and a time to wait, or 5xx.
 */
export async function feedRoutes(app: Server, feed: () => Feed): Promise<void> {
  await app.register(async (plugin) => {
    const routes = plugin as unknown as Server
    leaseRoutes(routes, feed)
    readRoutes(routes, feed)
    blockRoute(routes, feed)
  })
}

function leaseRoutes(app: Server, feed: () => Feed): void {
  const leaseSchema = { summary: 'Lease batches to train', body: LeaseRequest, response: { 200: LeaseAnswer, 400: ErrorBody } }
  app.post('/v1/leases', { schema: leaseSchema }, (request) => feed().lease(request.body))
  const renewSchema = { summary: 'Keep a lease alive', body: Renewal, response: { 200: RenewalAnswer, ...refused } }
  app.post('/v1/leases/renew', { schema: renewSchema }, (request) => feed().renew(request.body))
  const ackSchema = {
    summary: 'Settle a batch with its loss; the first valid answer counts',
    body: Ack,
    response: { 200: BatchAnswer, ...refused, 422: ErrorBody },
  }
  app.post('/v1/acks', { schema: ackSchema }, (request) => feed().ack(request.body))
  const nackSchema = { summary: 'Give a batch back untrained', body: Nack, response: { 200: BatchAnswer, ...refused } }
  app.post('/v1/nacks', { schema: nackSchema }, (request) => feed().nack(request.body))
}

function readRoutes(app: Server, feed: () => Feed): void {
  app.get('/v1/plan', { schema: { summary: 'The plan of the open epoch', response: { 200: FeedPlanAnswer } } }, () => feed().plan())
  app.get('/v1/progress', { schema: { summary: 'States, loss of each label, nodes', response: { 200: ProgressAnswer } } }, () => feed().progress())
}

function blockRoute(app: Server, feed: () => Feed): void {
  const schema = {
    summary: 'The tokens of a batch',
    description: `rows × sequence_tokens u32, little-endian, as ${octets}; or ${arrowStreamType} when it is accepted. Immutable, with its sha256 as ETag; may be fetched any number of times.`,
    params: BlockPath,
    response: {
      200: { description: 'The block', content: { [octets]: { schema: Binary }, [arrowStreamType]: { schema: Binary } } },
      304: z.undefined().describe('The block is the one named by If-None-Match'),
      400: ErrorBody,
      404: ErrorBody,
    },
  }
  app.get('/v1/plans/:plan/epochs/:epoch/batches/:batch', { schema }, async (request, reply) => {
    const arrow = request.headers.accept?.includes(arrowStreamType) ?? false
    const { bytes, sha256 } = arrow ? await arrowBlock(feed(), request.params) : await rawBlock(feed(), request.params)
    const etag = `"${sha256}"`
    reply.headers({ etag, vary: 'Accept', 'cache-control': 'public, max-age=31536000, immutable' })
    if (request.headers['if-none-match'] === etag) return reply.status(304).send()
    return reply.headers({ 'content-type': arrow ? arrowStreamType : octets, 'content-length': bytes.length }).send(bufferOf(bytes))
  })
}

interface Body {
  bytes: Uint8Array
  sha256: string
}

const rawBlock = (feed: Feed, { plan, epoch, batch }: BlockPath): Promise<Body> => feed.block(plan, epoch, batch)

async function arrowBlock(feed: Feed, { plan, epoch, batch }: BlockPath): Promise<Body> {
  const { bytes, label, sequenceTokens } = await feed.block(plan, epoch, batch)
  const metadata = new Map([
    ['plan_id', plan],
    ['epoch', String(epoch)],
    ['batch', String(batch)],
    ['label', label],
  ])
  const stream = encodeArrow({ bytes, sequenceTokens, metadata })
  return { bytes: stream, sha256: sha256Hex(stream) }
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
