import type { FastifyError, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { parsePythonJson } from '#infra/signed-http/python-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import {
  ActivationsWish,
  Assignments,
  AssignmentsAnswer,
  EpochAnswer,
  HeartbeatAnswer,
  HeartbeatQuery,
  LossAnswer,
  LossReport,
  NamedErrorAnswer,
  NamedErrorThrown,
  notRegistered,
  RegisteredAnswer,
  Registering,
  runFull,
  RunsAnswer,
  SampleAnswer,
  Submission,
} from './answers.ts'
import type { Asker, Orchestrator } from './orchestrator.ts'

export interface IotaParts {
  orchestrator: Orchestrator
  /** Name of what is trained: its `run_id`. */
  job: string
  /** Gives the hotkey that signed the request its name. @throws OrreryError `forbidden`, `rate_limited` when there are too many */
  register(request: FastifyRequest, hotkey: string): Promise<unknown>
  /** Whether it has registered; also before a restart. */
  isRegistered(request: FastifyRequest, hotkey: string): Promise<boolean>
  /** Nodes at work, and how many there may be. */
  miners(): Promise<{ count: number; most: number }>
}

/** Its requests are small; the longest names 256 activations. */
const bodyBytesMax = 64 * 1024
const Healthy = z.strictObject({ status: z.literal('ok') })
const summary = (text: string, answer: z.ZodType) => ({ summary: text, tags: ['iota'], response: { 200: z.union([answer, NamedErrorAnswer]) } })

/**
 * What IOTA's miner client asks of an orchestrator about its data. Each request is signed; what may pass by itself is never 4xx, which that client takes for
 * the end: it is a 200 with `error_name` or 5xx. The same request again, for two minutes, has the same answer and is booked once.
 */
export async function iotaRoutes(app: Server, parts: () => IotaParts): Promise<void> {
  await app.register(async (plugin) => {
    const routes = plugin as unknown as Server
    // A GET has a body here, and a loss may be NaN: bodies are read of what was signed.
    routes.removeAllContentTypeParsers()
    routes.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, undefined))
    routes.setErrorHandler((error: FastifyError | NamedErrorThrown, _request, reply) => {
      if (error instanceof NamedErrorThrown) return reply.status(200).send(error.answer)
      throw mayPass(error)
    })
    joinRoutes(routes, parts)
    workRoutes(routes, parts)
  })
}

function joinRoutes(app: Server, parts: () => IotaParts): void {
  const config = { scope: 'open' as const }
  app.post(
    '/miner/register',
    { config, bodyLimit: bodyBytesMax, schema: summary('IOTA: join', RegisteredAnswer) },
    async (request): Promise<RegisteredAnswer> => {
      const { orchestrator, job, register } = parts()
      const { hotkey } = signerOf(request)
      requireRun(bodyOf(request, Registering).run_id, job)
      await register(request, hotkey).catch((error: unknown) => {
        throw error instanceof OrreryError && error.code === 'rate_limited' ? runFull(error.message) : error
      })
      return {
        layer: orchestrator.layerOf(hotkey),
        current_epoch: orchestrator.epoch(),
        model_cfg: null,
        model_metadata: null,
        run_id: job,
        run_flags: {},
        num_partitions: 1,
      }
    },
  )
  app.get(
    '/common/get_run_info',
    { config, bodyLimit: bodyBytesMax, schema: summary('IOTA: the runs there are', RunsAnswer) },
    async (request): Promise<RunsAnswer> => {
      signerOf(request)
      const { job, miners } = parts()
      const { count, most } = await miners()
      return [
        {
          run_id: job,
          is_default: true,
          num_miners: count,
          whitelisted: true,
          is_miner_pool: false,
          burn_factor: 0,
          incentive_perc: 1,
          authorized: true,
          run_flags: {},
          max_miners: most,
        },
      ]
    },
  )
  // Before each turn its miners ask whether the orchestrator is there.
  app.get('/healthcheck', { config, bodyLimit: bodyBytesMax, schema: summary('IOTA: it is there', Healthy) }, async () => ({ status: 'ok' as const }))
  app.get(
    '/common/get_run_epoch',
    { config, bodyLimit: bodyBytesMax, schema: { ...summary('IOTA: the epoch', EpochAnswer), querystring: Registering } },
    async (request): Promise<EpochAnswer> => {
      signerOf(request)
      return { run_id: requireRun(request.query.run_id, parts().job), epoch: parts().orchestrator.epoch() }
    },
  )
}

/** @throws OrreryError `not_found` */
function requireRun(name: string | undefined, job: string): string {
  if (name === undefined || name === job) return job
  throw new OrreryError('not_found', `There is no run "${name.slice(0, 140)}"; GET /common/get_run_info lists what there is.`)
}

function workRoutes(app: Server, parts: () => IotaParts): void {
  const config = { scope: 'open' as const }
  /** The one who asks, registered. */
  const asker = async (request: FastifyRequest): Promise<Asker> => {
    const signer = signerOf(request)
    if (await parts().isRegistered(request, signer.hotkey)) return signer
    throw notRegistered(signer.hotkey)
  }
  const route = (text: string, answer: z.ZodType) => ({ config, bodyLimit: bodyBytesMax, schema: summary(text, answer) })
  const phase = z.string()

  app.get('/miner/layer_state', route('IOTA: the phase', phase), async (request, reply) => {
    await asker(request)
    // A string by itself is sent as it is.
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(await parts().orchestrator.phase()))
  })
  // One pipeline has one phase.
  app.get('/miner/all_layers_training', route('IOTA: whether every layer is training', z.boolean()), async (request, reply) => {
    await asker(request)
    return reply.type('application/json; charset=utf-8').send(JSON.stringify((await parts().orchestrator.phase()) === 'training'))
  })
  const heartbeat = route('IOTA: a node is there, and says what it thinks the phase is', HeartbeatAnswer)
  app.get('/miner/heartbeat', { ...heartbeat, schema: { ...heartbeat.schema, querystring: HeartbeatQuery } }, async (request): Promise<HeartbeatAnswer> => {
    const { hotkey } = await asker(request)
    const { orchestrator, job } = parts()
    const confirmed = await orchestrator.confirm(hotkey, request.query.expected_phase)
    return { run_id: job, layer: orchestrator.layerOf(hotkey), epoch: orchestrator.epoch(), phase: confirmed }
  })
  app.get('/miner/get_activations', route('IOTA: samples to train', SampleAnswer), async (request) =>
    parts().orchestrator.samples(await asker(request), bodyOf(request, ActivationsWish).n_fwd_activations),
  )
  app.post('/miner/report_loss', route('IOTA: the loss of a sample', LossAnswer), async (request) =>
    parts().orchestrator.report(await asker(request), bodyOf(request, LossReport)),
  )
  // A layer that passes a sample on is at work on it.
  app.post('/miner/submit_activation', route('IOTA: a layer is through with a sample', AssignmentsAnswer), async (request) => {
    await asker(request)
    const { activation_id } = bodyOf(request, Submission)
    return Object.fromEntries(await parts().orchestrator.hold(typeof activation_id === 'string' ? [activation_id] : []))
  })
  app.post('/miner/sync_activation_assignments', route('IOTA: which samples are held', AssignmentsAnswer), async (request) => {
    await asker(request)
    const { activation_ids } = bodyOf(request, Assignments)
    return Object.fromEntries(await parts().orchestrator.hold(activation_ids))
  })
}

function signerOf({ signedBy, protocol, host }: FastifyRequest): Asker {
  if (signedBy) return { ...signedBy, origin: `${protocol}://${host}` }
  throw new OrreryError('unauthorized', 'A miner signs what it asks (Epistula headers, or btauth/1); sign it with the hotkey.')
}

function bodyOf<T>({ signedBody, method, url }: FastifyRequest, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(signedBody === null || signedBody.length === 0 ? {} : parseBody(signedBody))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new OrreryError('invalid_argument', `${method} ${url.slice(0, 100)}: ${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'unreadable'}`)
}

function parseBody(bytes: Buffer): unknown {
  try {
    return parsePythonJson(bytes.toString())
  } catch {
    return undefined
  }
}

/** Of errors that pass by themselves: 4xx would end the node. */
function mayPass(error: FastifyError): Error {
  if (!(error instanceof OrreryError) || !error.retryable || error.status >= 500 || error.status === 429) return error
  return new OrreryError('store_unavailable', error.message, error.details, error)
}
