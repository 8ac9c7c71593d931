import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { precondition } from '#infra/net/preconditions.ts'
import { stateBytesMax, type Consumers } from '#schemas/consumers.ts'
import { OrreryError } from '#schemas/errors.ts'
import { JobName, NodeName } from '#schemas/feed.ts'
import { ConsumerState } from '#schemas/feed-jobs.ts'
import type { Callers } from './callers.ts'
import type { Epochs } from './epochs.ts'

export interface ConsumerRouteParts {
  consumers: Consumers
  callers: Pick<Callers, 'ownerOf'>
  epochs: Pick<Epochs, 'job' | 'newestOf'>
}

const ConsumerPath = z.strictObject({ job: JobName, name: NodeName })
const etagOf = (version: number): string => `"${version}"`

/** Bodies as they came: numbers that JavaScript has not, and names said twice, are the trainer's own. */
const texts = new WeakMap<object, string>()

function keepText(app: Server): void {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body).replace(/^\ufeff/, '')
    texts.set(request, text)
    try {
      done(null, JSON.parse(text))
    } catch (cause) {
      done(new OrreryError('invalid_argument', `This is no JSON (${cause instanceof Error ? cause.message : String(cause)}); send an object.`))
    }
  })
}

/** Where trainers stand, kept for them: a small JSON object each, changed by its owner alone. */
export async function consumerRoutes(app: Server, parts: () => ConsumerRouteParts): Promise<void> {
  // Its own parser is for these routes alone.
  await app.register(async (plugin) => stateRoutes(plugin as unknown as Server, parts))
}

function stateRoutes(app: Server, parts: () => ConsumerRouteParts): void {
  keepText(app)
  const requireJob = (job: string): void => {
    const { epochs } = parts()
    if (job !== epochs.job) epochs.newestOf(job)
  }

  const gets = { summary: 'Where a trainer stands, as it said', params: ConsumerPath, response: { 200: ConsumerState, 304: z.undefined() } }
  app.get('/v1/jobs/:job/consumers/:name', { schema: gets }, async (request, reply) => {
    const { job, name } = request.params
    requireJob(job)
    const found = await parts().consumers.get(job, name)
    if (!found) throw new OrreryError('not_found', `Nothing is kept of the trainer "${name}" of "${job}"; PUT it first.`, { job, name })
    const etag = etagOf(found.version)
    void reply.headers({ etag, 'cache-control': 'no-cache', 'content-type': 'application/json; charset=utf-8' })
    const which = precondition(request.headers, etag)
    if (which === 'failed') throw changed(name)
    if (which === 'not_modified') return reply.status(304).send()
    return reply.serializer((text: string) => text).send(found.state as unknown as ConsumerState)
  })

  const puts = {
    summary: 'Keep where a trainer stands; with `If-Match` only if nobody else did since',
    params: ConsumerPath,
    body: ConsumerState,
    response: { 200: z.object({ version: z.int() }) },
  }
  app.put('/v1/jobs/:job/consumers/:name', { schema: puts, bodyLimit: 2 * stateBytesMax }, async (request, reply) => {
    const { job, name } = request.params
    requireJob(job)
    const { consumers, callers } = parts()
    const owner = callers.ownerOf(request)
    const { 'if-match': wanted, 'if-none-match': unless } = request.headers
    const isConditional = wanted !== undefined || unless !== undefined
    const expected = isConditional ? ((await consumers.get(job, name))?.version ?? 0) : undefined
    if (expected !== undefined && precondition(request.headers, expected === 0 ? undefined : etagOf(expected)) !== 'send') throw changed(name)
    const kept = await consumers.put(job, name, texts.get(request) ?? '{}', { owner, ...(expected !== undefined && { expected }) })
    void reply.header('etag', etagOf(kept.version))
    return { version: kept.version }
  })
}

const changed = (name: string): OrreryError =>
  new OrreryError('precondition_failed', `The state "${name}" is not the one that is meant; read it again.`, { name })
