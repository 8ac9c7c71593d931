import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hangUp } from '#infra/net/hang-up.ts'
import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Admission, RequestKind } from './admission.ts'
import { contentsOf, entitiesOf, type AnswerParts } from './answers.ts'
import { BucketIdForm, bucketIdOf, contentsMax, EntityForm } from './forms.ts'

export interface RouteParts extends AnswerParts {
  admission: Admission
}

const waitMs = 60_000
/** For 128 MiB to leave: 1.8 Mbit/s. */
const answerMs = 600_000
export const requestBytesMax = 1 << 16

/** Of an answer that is written piece by piece: described, and not made by it. */
const streamed = (answer: z.ZodType): { 200: z.ZodType } => ({ 200: answer })

const index = {
  operationId: 'getMinerIndex',
  summary: 'Which buckets the miner has: CompressedMinerIndex, at most 350,000; once an hour.',
  response: { 200: z.unknown().describe('`{sources: {"8": [{label, time_bucket_ids, sizes_bytes}]}}`') },
}
const bucket = {
  operationId: 'getDataEntityBucket',
  summary: 'All rows of one bucket; once an hour.',
  body: z.object({ data_entity_bucket_id: BucketIdForm }),
  response: streamed(z.object({ data_entities: z.array(EntityForm) }).describe('The rows, in the order of their files.')),
}
const contents = {
  operationId: 'getContentsByBuckets',
  summary: `The texts of up to ${contentsMax.buckets} buckets, at most 200,000 and 128 MiB of them; five times an hour.`,
  body: z.object({ data_entity_bucket_ids: z.array(BucketIdForm).min(1).max(contentsMax.buckets) }),
  response: streamed(
    z
      .object({ bucket_ids_to_contents: z.array(z.tuple([BucketIdForm, z.array(z.string())])) })
      .describe('Pairs of a bucket and its texts, each bucket once; what would be beyond the bounds is left out.'),
  ),
}

/** What validators ask a miner, signed by `btauth/1`: the requests of Data Universe, whose forms they keep. */
export async function minerRoutes(app: Server, parts: () => RouteParts): Promise<void> {
  await app.register(async (routes: Server) => {
    routes.get('/v1/index', { schema: index }, async (request, reply) => {
      const turn = await admit(parts(), request, reply, 'index')
      const answer = await parts()
        .buckets.index()
        .finally(() => turn[Symbol.dispose]())
      return reply.type('application/json').send(answer)
    })
    routes.post('/v1/bucket', { bodyLimit: requestBytesMax, schema: bucket }, async (request, reply) => {
      const turn = await admit(parts(), request, reply, 'bucket')
      const entities = entitiesOf(parts(), bucketIdOf(request.body.data_entity_bucket_id), hangUp(reply))
      return reply.type('application/json').send(streamOf(wrapped('{"data_entities":', entities), turn))
    })
    routes.post('/v1/contents', { bodyLimit: requestBytesMax, schema: contents }, async (request, reply) => {
      const turn = await admit(parts(), request, reply, 'contents')
      const texts = contentsOf(parts(), request.body.data_entity_bucket_ids.map(bucketIdOf), hangUp(reply))
      return reply.type('application/json').send(streamOf(wrapped('{"bucket_ids_to_contents":', texts), turn))
    })
  })
}

/** @throws OrreryError `unauthorized`, `forbidden`, `rate_limited`, `store_unavailable`, `timed_out` */
async function admit(
  { admission }: RouteParts,
  { signedBy }: Pick<FastifyRequest, 'signedBy'>,
  reply: Pick<FastifyReply, 'raw'>,
  kind: RequestKind,
): Promise<Disposable> {
  if (!signedBy) throw new OrreryError('unauthorized', 'A miner answers validators; sign the request with the hotkey of one (btauth/1).')
  const { hotkey } = signedBy
  return admission.admit({ hotkey, stake: await admission.stakeOf(hotkey) }, kind, { waitMs, signal: hangUp(reply) })
}

export async function* wrapped(head: string, pieces: AsyncIterable<string>): AsyncGenerator<string> {
  yield head
  yield* pieces
  yield '}'
}

/** A body whose turn is over when it has left, nobody takes it any more, or it was not taken within `mostMs`. */
export function streamOf(pieces: AsyncIterable<string>, turn: Disposable, mostMs = answerMs): Readable {
  const body = Readable.from(pieces, { objectMode: false })
  const late = setTimeout(() => body.destroy(new OrreryError('timed_out', `The answer was not taken within ${mostMs / 1000} s.`)), mostMs)
  body.once('close', () => {
    clearTimeout(late)
    turn[Symbol.dispose]()
  })
  return body
}
