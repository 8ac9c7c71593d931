import fastifySwagger from '@fastify/swagger'
import fastify, { type FastifyError, type FastifyInstance, type RawServerDefault } from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import type { FastifyBaseLogger } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'

export type Server = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

export interface ServerIdentity {
  title: string
  version: string
  description: string
}

/** What every error looks like on the wire. */
// oxlint-disable-next-line orrery/no-open-record -- our details
export const ErrorBody = z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }) })

const bodyBytesMax = 1 << 20

/**
 * An HTTP service with zod at its border: `/healthz`, `/openapi.json`, and OrreryErrors as `{error: {code, message, details}}` under their own status.
 * Register routes as plugins (`await app.register(...)`) so that the OpenAPI document sees them.
 */
export async function createServer({ title, version, description }: ServerIdentity): Promise<Server> {
  const app = fastify({ bodyLimit: bodyBytesMax, forceCloseConnections: true }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(fastifySwagger, { openapi: { openapi: '3.1.0', info: { title, version, description } }, transform: jsonSchemaTransform })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { status, body } = describeError(error, `${request.method} ${request.url}`)
    return reply.status(status).send(body)
  })
  app.setNotFoundHandler((request, reply) => {
    const message = `There is no ${request.method} ${request.url}; /openapi.json lists what there is.`
    return reply.status(404).send({ error: { code: 'not_found', message, details: {} } })
  })
  app.get('/healthz', { schema: { response: { 200: z.strictObject({ status: z.literal('ok') }) } } }, () => ({ status: 'ok' as const }))
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  return app
}

function describeError(error: FastifyError, where: string): { status: number; body: z.infer<typeof ErrorBody> } {
  if (error instanceof OrreryError)
    return { status: error.status, body: { error: { code: error.code, message: error.message, details: { ...error.details } } } }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const problems = error.validation.map((v) => `${v.instancePath || '/'}: ${v.message}`)
    return { status: 400, body: { error: { code: 'invalid_argument', message: `${where}: ${problems.join('; ')}`, details: { problems } } } }
  }
  const status = error.statusCode ?? 500
  if (status < 500)
    return { status, body: { error: { code: status === 413 ? 'too_large' : 'invalid_argument', message: `${where}: ${error.message}`, details: {} } } }
  process.emitWarning(`${where} failed: ${error.stack ?? error.message}`)
  return { status: 500, body: { error: { code: 'internal', message: `${where} failed here; the log of the service says why.`, details: {} } } }
}

/**
 * Starts listening. @param setting the name of the setting that chose the port, for the error message
 * @throws OrreryError `port_in_use`
 */
export async function listen(app: Server, { host, port, setting }: { host: string; port: number; setting: string }): Promise<{ origin: string; port: number }> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException
    if (syscall === undefined) throw cause
    const why = code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${code})`
    throw new OrreryError('port_in_use', `Port ${port} on ${host} ${why}; choose another with ${setting} (0 = any free one).`, { host, port, setting }, cause)
  }
  const address = app.server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  return { origin: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, port: bound }
}
