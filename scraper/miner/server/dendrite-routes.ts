import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hangUp } from '#infra/net/hang-up.ts'
import type { Server } from '#infra/net/server.ts'
import { axonHeaders, dendriteFields } from '#infra/signed-http/dendrite.ts'
import type { VerifySigned } from '#infra/signed-http/verify.ts'
import type { Signer } from '#schemas/chain.ts'
import type { DataEntityBucketId } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { RequestKind } from './admission.ts'
import { contentsOf, entitiesOf } from './answers.ts'
import { BucketIdForm, bucketIdOf, contentsMax, formOfBucketId, protocolVersion } from './forms.ts'
import { requestBytesMax, streamOf, wrapped, type RouteParts } from './routes.ts'

export interface BridgeParts extends RouteParts {
  signer: Signer
  verify: VerifySigned
  /** ms since the Unix epoch. */
  date(): number
}

/** How a synapse of Data Universe is answered. */
interface Synapse<Body = unknown> {
  kind: RequestKind
  body: z.ZodType<Body>
  answer(parts: BridgeParts, body: Body, signal: AbortSignal): AsyncIterable<string>
}

const synapse = <Body>(each: Synapse<Body>): Synapse => each as Synapse
const said = (members: object): string => JSON.stringify({ version: protocolVersion, ...members }).slice(0, -1)

/** Those of a miner, by the names that SDK 10 asks for. */
const synapses = new Map<string, Synapse>([
  [
    'GetMinerIndex',
    synapse({
      kind: 'index',
      body: z.object({}),
      async *answer({ buckets }) {
        yield `${said({ compressed_index_serialized: await buckets.index() })}}`
      },
    }),
  ],
  [
    'GetDataEntityBucket',
    synapse({
      kind: 'bucket',
      body: z.object({ data_entity_bucket_id: BucketIdForm.transform(bucketIdOf) }),
      answer(parts, { data_entity_bucket_id: id }, signal) {
        return wrapped(`${said({ data_entity_bucket_id: formOfBucketId(id) })},"data_entities":`, entitiesOf(parts, id, signal))
      },
    }),
  ],
  [
    'GetContentsByBuckets',
    synapse({
      kind: 'contents',
      body: z.object({ data_entity_bucket_ids: z.array(BucketIdForm.transform(bucketIdOf)).min(1).max(contentsMax.buckets) }),
      answer(parts, { data_entity_bucket_ids: ids }: { data_entity_bucket_ids: DataEntityBucketId[] }, signal) {
        return wrapped(`${said({ data_entity_bucket_ids: ids.map(formOfBucketId) })},"bucket_ids_to_contents":`, contentsOf(parts, ids, signal))
      },
    }),
  ],
])

/** What an axon says, and under which status. */
class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * The wire of SDK 10's dendrite, for validators that have no other: 404 for a name that is none, 400 for what cannot be read, 403 for whom it does not serve, 401
 * for a wrong signature, 503 and 408 where it is busy, else 200; each answer signed by the axon.
 */
export async function dendriteRoutes(app: Server, parts: BridgeParts): Promise<void> {
  const uuid = randomUUID()
  await app.register(async (routes) => {
    for (const [name, each] of synapses)
      routes.post(`/${name}`, { bodyLimit: requestBytesMax, schema: { hide: true } }, async (request, reply) => {
        const fields = dendriteFields(request.headers)
        const beganMs = parts.date()
        const say = (status: number, message: string, body: string | Readable): FastifyReply => {
          const to = typeof fields === 'string' ? '' : fields.hotkey
          const nonceNs = BigInt(parts.date()) * 1_000_000n
          void reply.headers({ name, ...axonHeaders(parts.signer, { to, uuid, nonceNs, status, message, processMs: parts.date() - beganMs }) })
          return reply.status(status).type('application/json').send(body)
        }
        try {
          if (typeof fields === 'string') throw new Refusal(400, `Improperly formatted request: ${fields}.`)
          return say(200, 'Success', await answerOf(parts, each, request, reply, fields))
        } catch (cause) {
          const { status, message } = refusalOf(cause)
          return say(status, message, JSON.stringify({ message }))
        }
      })
  })
}

async function answerOf(
  parts: BridgeParts,
  { kind, body, answer }: Synapse,
  request: FastifyRequest,
  reply: FastifyReply,
  { hotkey, timeoutMs }: Exclude<ReturnType<typeof dendriteFields>, string>,
): Promise<Readable> {
  const asked = body.safeParse(request.body ?? {})
  if (!asked.success) throw new Refusal(400, `The body cannot be read: ${z.prettifyError(asked.error).slice(0, 200)}`)
  const stake = await parts.admission.stakeOf(hotkey)
  // What others say in its name costs it nothing.
  if (parts.admission.isSpent(hotkey, kind)) throw new Refusal(403, spentMessage)
  const { method, headers, raw } = request
  // The signature is of no part of the body.
  const signedBy = await parts.verify({ method, target: raw.url ?? '', headers, body: new Uint8Array() })
  if (!signedBy) throw new Refusal(401, 'Not Verified: the request is not signed.')
  const signal = hangUp(reply)
  const turn = await parts.admission.admit({ hotkey, stake }, kind, { waitMs: timeoutMs, signal })
  return streamOf(answer(parts, asked.data, signal), turn)
}

const spentMessage = 'Forbidden. Key is blacklisted: it has asked as often as it may in this period.'

function refusalOf(cause: unknown): { status: number; message: string } {
  if (cause instanceof Refusal) return cause
  if (!(cause instanceof OrreryError)) throw cause
  const { code, message } = cause
  if (code === 'forbidden') return { status: 403, message: `Forbidden. Key is blacklisted: ${message}` }
  if (code === 'unauthorized') return { status: 401, message: `Not Verified with error: ${message}` }
  if (code === 'timed_out') return { status: 408, message }
  if (code === 'rate_limited' || code === 'store_unavailable') return { status: 503, message }
  return { status: 500, message }
}
