import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { acceptedType } from '#infra/net/accepted-type.ts'
import { answerBytes } from '#infra/net/byte-answer.ts'
import type { SignedPaths } from '#infra/net/signed-paths.ts'
import { ErrorBody, type Server } from '#infra/net/server.ts'
import { addressNumber } from '#schemas/address-number.ts'
import { BatchDocuments } from '#schemas/batch-documents.ts'
import { BlockProof } from '#schemas/block-proof.ts'
import { JobName } from '#schemas/feed.ts'
import { blockFormats, blockTypes, type BlockBytes, type BlockFormat } from './block-formats.ts'

/** Which block: of an epoch by the id of its plan, or by its job. */
export type BlockPlace = { planId: string; epoch: number; batch: number } | { job: string; epoch: number; batch: number }

export interface BlockSource {
  /** @throws OrreryError `not_found`; `data_unreadable`, `store_unavailable` when its tokens cannot be read */
  block(place: BlockPlace, format: BlockFormat): Promise<BlockBytes>
  /** @throws as `block` */
  prove(place: BlockPlace): Promise<BlockProof>
  /** @throws as `block` */
  documents(place: BlockPlace): Promise<BatchDocuments>
  signedPaths: SignedPaths
}

const number = addressNumber()
const ByPlan = z.strictObject({ plan: z.string().regex(/^[0-9a-f]{64}$/), epoch: number, batch: number })
const ByJob = z.strictObject({ job: JobName, epoch: number, batch: number })
const Query = z.object({ format: z.enum(blockFormats).optional().describe('Instead of `Accept`.') })

/** What OpenAPI calls a string of bytes; Fastify sends bytes past the serializer. */
const Binary = z.string().meta({ format: 'binary' }) as unknown as z.ZodType<Uint8Array>
const content = Object.fromEntries(Object.values(blockTypes).map((type) => [type, { schema: Binary }]))
const schema = {
  summary: 'The tokens of a batch',
  description: `rows × row_tokens u32, little-endian, as ${blockTypes.raw} unless \`Accept\` or \`format\` asks for another. Immutable, with a strong ETag (of the tokens alone their sha256); may be fetched any number of times, in ranges too.`,
  querystring: Query,
  response: {
    200: { description: 'The block', content },
    206: { description: 'A range of it', content },
    304: z.undefined().describe('The block is the one named by If-None-Match'),
    400: ErrorBody,
    404: ErrorBody,
    406: ErrorBody,
  },
}

/** Token blocks over HTTP, for GET and HEAD. */
export function blockRoutes(app: Server, source: () => BlockSource): void {
  app.get('/v1/plans/:plan/epochs/:epoch/batches/:batch', { schema: { ...schema, params: ByPlan } }, async (request, reply) => {
    const { plan, ...rest } = request.params
    await answer(source(), { planId: plan, ...rest }, request, reply)
    return reply
  })
  app.get('/v1/jobs/:job/epochs/:epoch/batches/:batch', { schema: { ...schema, params: ByJob } }, async (request, reply) => {
    await answer(source(), request.params, request, reply)
    return reply
  })
  const proof = {
    summary: 'What a batch is made of, and what became of it',
    description: 'Pieces of token shards with the roots they are proven by, and the record of the batch with its path to the root of the receipt of its epoch.',
    response: { 200: BlockProof, 400: ErrorBody, 404: ErrorBody },
  }
  app.get('/v1/plans/:plan/epochs/:epoch/batches/:batch/proof', { schema: { ...proof, params: ByPlan } }, (request) => {
    const { plan, ...rest } = request.params
    return source().prove({ planId: plan, ...rest })
  })
  app.get('/v1/jobs/:job/epochs/:epoch/batches/:batch/proof', { schema: { ...proof, params: ByJob } }, (request) => source().prove(request.params))
  const documents = {
    summary: 'Which documents the rows of a batch are made of, and where they end',
    response: { 200: BatchDocuments, 400: ErrorBody, 404: ErrorBody },
  }
  app.get('/v1/plans/:plan/epochs/:epoch/batches/:batch/documents', { schema: { ...documents, params: ByPlan } }, (request) => {
    const { plan, ...rest } = request.params
    return source().documents({ planId: plan, ...rest })
  })
  app.get('/v1/jobs/:job/epochs/:epoch/batches/:batch/documents', { schema: { ...documents, params: ByJob } }, (request) => source().documents(request.params))
  const signed = {
    ...schema,
    params: ByPlan,
    summary: 'The tokens of a batch, for whoever holds its signed address',
    response: { ...schema.response, 403: ErrorBody },
  }
  // Who holds an address needs no key.
  app.get('/v1/signed/plans/:plan/epochs/:epoch/batches/:batch', { schema: signed, config: { scope: 'open' } }, async (request, reply) => {
    const { plan, ...rest } = request.params
    await source().signedPaths.require(request.url)
    await answer(source(), { planId: plan, ...rest }, request, reply)
    return reply
  })
}

/** Path of a block whose bearer may fetch it as often as they like until it expires. @throws as `SignedPaths.sign` */
export const signedBlockPath = (
  paths: SignedPaths,
  { planId, epoch, batch }: Extract<BlockPlace, { planId: string }>,
  format: BlockFormat,
  ttlMs: number,
): Promise<string> => paths.sign(`/v1/signed/plans/${planId}/epochs/${epoch}/batches/${batch}?format=${format}`, ttlMs)

async function answer(source: BlockSource, place: BlockPlace, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const block = await source.block(place, formatOf(request))
  // A label is anybody's word: spelled so that a header can have it.
  void reply.headers({ vary: 'Accept', 'orrery-label': encodeURIComponent(block.label.toWellFormed()) })
  answerBytes(request, reply, block)
}

/** @throws OrreryError `not_acceptable` */
function formatOf(request: FastifyRequest): BlockFormat {
  const { format } = request.query as z.infer<typeof Query>
  if (format) return format
  const type = acceptedType(request.headers.accept, Object.values(blockTypes))
  return blockFormats.find((each) => blockTypes[each] === type) ?? 'raw'
}
