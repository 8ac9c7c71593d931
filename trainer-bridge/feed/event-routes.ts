import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hangUp } from '#infra/net/hang-up.ts'
import type { Server } from '#infra/net/server.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { JobName } from '#schemas/feed.ts'
import { StreamQuery } from '#schemas/feed-jobs.ts'
import { blockHeaderBytes } from '../blocks/block-header.ts'
import { blockStream, readAheadOf, streamsOf } from '../blocks/block-stream.ts'
import type { TokenBlock, TokenBlocks } from '../blocks/token-blocks.ts'
import type { BlockHealth } from './block-health.ts'
import type { Epochs } from './epochs.ts'
import type { Events, SentEvent } from './events.ts'
import { planOf, type OpenEpoch } from './open-epoch.ts'
import { places } from './places.ts'
import { endStalled } from './stalled-reader.ts'

export interface EventRouteParts {
  epochs: Epochs
  events: Events
  health: BlockHealth
  pace: Clock
  /** A reader that takes nothing for so long is gone. */
  stallMs: number
}

const retryMs = 1_000
const listenersMax = 1_000
const streamsMax = 1_000
const JobPath = z.strictObject({ job: JobName })
/** What OpenAPI calls a string of bytes. */
const Binary = z.string().meta({ format: 'binary' }) as unknown as z.ZodType<Readable>

/** What goes on for long: events as they happen, and blocks one behind the other. */
export function eventRoutes(app: Server, parts: () => EventRouteParts): void {
  const [listening, streaming] = [places('listeners'), places('streams')]

  const events = {
    summary: 'What happens to a job, as it happens',
    description: 'Server-sent events `reset`, `epoch`, `progress`, `steered`, `blocks`; `Last-Event-ID` goes on after one, as far as it is kept.',
    params: JobPath,
    response: { 200: { description: 'Events', content: { 'text/event-stream': { schema: Binary } } } },
  }
  app.get('/v1/jobs/:job/events', { schema: events }, async (request, reply) => {
    const { epochs, stallMs, events: happening } = parts()
    if (request.params.job !== epochs.job) epochs.newestOf(request.params.job)
    reply.raw.once('close', listening.take(askerOf(request), listenersMax))
    const last = request.headers['last-event-id']
    const lines = eventLines(happening.listen(typeof last === 'string' ? last : undefined, hangUp(reply)))
    endStalled(reply, stallMs)
    void reply.headers({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    return reply.send(Readable.from(lines, { objectMode: false, highWaterMark: 2 ** 14 }))
  })

  const stream = {
    summary: 'Blocks of an epoch in its order, for a rank of many',
    description:
      'Batches `from`, `from` + 1, … of the epoch, of which those whose number leaves `rank` when divided by `world`, each as `application/vnd.orrery.block`, one behind the other, to the end of the epoch. All ranks together get the same sequence, however many they are. It may be taken up at any batch.',
    params: JobPath,
    querystring: StreamQuery,
    response: { 200: { description: 'Blocks', content: { 'application/vnd.orrery.blocks': { schema: Binary } } } },
  }
  app.get('/v1/jobs/:job/stream', { schema: stream }, async (request, reply) => {
    const { epochs, stallMs } = parts()
    const { rank, world, from, epoch } = request.query
    if (rank >= world) throw new OrreryError('invalid_argument', `rank is ${rank} of ${world}; the first is 0, the last ${world - 1}.`, { rank, world })
    const open = epoch === undefined ? epochs.newestOf(request.params.job) : await epochs.numbered(request.params.job, epoch)
    if (from > open.batches.length)
      throw new OrreryError('not_found', `Epoch ${open.epoch} has ${open.batches.length} batches; it cannot be taken up at ${from}.`, {
        batches: open.batches.length,
      })
    const { rows, row_tokens } = planOf(open)
    const blockBytes = blockHeaderBytes + 4 * rows * row_tokens
    reply.raw.once('close', streaming.take(askerOf(request), streamsOf(blockBytes, streamsMax)))
    endStalled(reply, stallMs)
    void reply.headers({
      'content-type': 'application/vnd.orrery.blocks',
      // A stream that breaks off is told from one that ends.
      'content-length': Math.max(0, Math.ceil((open.batches.length - firstOf({ rank, world, from })) / world)) * blockBytes,
      'cache-control': 'no-store',
      'orrery-plan': open.planId,
      'orrery-epoch': open.epoch,
      'orrery-batches': open.batches.length,
    })
    const batches = batchesOf({ rank, world, from, length: open.batches.length })
    return reply.send(blockStream(patientBlocks(open, parts(), hangUp(reply)), batches, () => readAheadOf(streaming.taken, blockBytes)))
  })
}

interface Rank {
  rank: number
  world: number
  from: number
}

const firstOf = ({ rank, world, from }: Rank): number => from + ((((rank - from) % world) + world) % world)

function* batchesOf({ length, world, ...rest }: Rank & { length: number }): Generator<number> {
  for (let batch = firstOf({ world, ...rest }); batch < length; batch += world) yield batch
}

/** A stream waits while the store is away, and breaks off at a block that is given up: nothing of the order is left out without a word. */
function patientBlocks(
  { planId, blocks }: OpenEpoch,
  { health, pace }: Pick<EventRouteParts, 'health' | 'pace'>,
  signal: AbortSignal,
): Pick<TokenBlocks, 'block'> {
  const block = async (batch: number): Promise<TokenBlock> => {
    for (;;) {
      try {
        return await health.read({ planId, batch, read: () => blocks.block(batch) })
      } catch (error) {
        if (!(error instanceof OrreryError && error.code === 'store_unavailable') || health.isLost(planId, batch)) throw error
        await pace.sleep(retryMs, signal)
      }
    }
  }
  return { block }
}

async function* eventLines(events: AsyncIterable<SentEvent | 'quiet'>): AsyncGenerator<string> {
  // Whoever is cut off comes back soon.
  yield 'retry: 2000\n\n'
  for await (const event of events) yield event === 'quiet' ? ': quiet\n\n' : `id: ${event.id}\nevent: ${event.name}\ndata: ${event.data}\n\n`
}

/** Whose it is, as far as a credential tells; else where it comes from. */
const askerOf = ({ nodeOfToken, signedBy, apiKey, ip }: FastifyRequest): string => nodeOfToken?.operator ?? apiKey?.id ?? signedBy?.hotkey ?? ip
