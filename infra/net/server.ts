import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fastifyCors, { type FastifyCorsOptionsDelegateCallback } from '@fastify/cors'
import fastifySwagger, { type SwaggerTransformObject } from '@fastify/swagger'
import fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, type FastifyRequest, type RawServerDefault } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import helmet from 'helmet'
import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { guardAccess, type ApiAccess } from './api-access.ts'
import { answerFailure, ErrorBody, failureText, Problem, problemType, type FailureForm } from './failure-answer.ts'
import { healthRoutes, type Readiness } from './health.ts'
import { httpMetrics } from './http-metrics.ts'
import { keySchemes, withoutUnnamed } from './openapi-components.ts'
import { answerUnknown } from './known-routes.ts'
import { boundWaiting } from './waiting-answers.ts'

export { ErrorBody } from './failure-answer.ts'

export type Server = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

export interface ServerIdentity {
  title: string
  version: string
  description: string
  /** It may ask for a key (api-access.ts). */
  asksForKey?: boolean
}

export interface ServerParts {
  /** Told of what failed here. */
  telemetry?: Telemetry
  /** Absent: `error`. */
  failureForm?: FailureForm
  /** Of connections at the same time; absent: 4096. */
  connectionsMax?: number
  /** What the program counts, for `/metrics`. */
  counts?: () => Record<string, number>
  /** What must answer before this service can; for `/readyz`. */
  readiness?: Readiness
  /** Who may ask; absent: whoever can. */
  access?: () => ApiAccess
  /** Origins whose pages may read the answers; `*`: all. */
  corsOrigins?: readonly string[]
}

const bodyBytesMax = 1 << 20
const headBytesMax = 16 << 10
const urlCharsMax = 8 << 10
/** Of a request: its head, and then each so many bytes of its body, must come within that time. */
const headMs = 15_000
const bodyBytesPerMs = 64
/** Nothing is read or written on a connection. */
const idleMs = 120_000
const connectionsUsual = 4096
/** Of answers that are not taken yet, together: some fifty of the largest. */
const waitingBytesMax = 256 * 2 ** 20
/** More than the name of a dataset, or an id, takes. */
const parameterCharsMax = 512

/**
 * An HTTP service with zod at its border: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`, and OrreryErrors as `{error: {code, message, details, request_id}}`
 * (or a problem of RFC 9457 around it) under their own status. Each request has an id: that of `X-Request-Id` where it is sane. Register routes as plugins (`await app.register(...)`) so that the
 * OpenAPI document sees them.
 */
export async function createServer({ asksForKey = false, ...info }: ServerIdentity, parts: ServerParts = {}): Promise<Server> {
  const app = openApp(parts)
  app.setErrorHandler((error: FastifyError, request, reply) => answerFailure(error, request, reply, parts))
  await app.register(fastifySwagger, {
    openapi: { openapi: '3.1.0', info, ...(asksForKey && keySchemes) },
    transform: jsonSchemaTransform,
    transformObject: describedObject,
  })
  if (parts.corsOrigins && parts.corsOrigins.length > 0) await app.register(fastifyCors, corsOptions(parts.corsOrigins))
  answerUnknown(app)
  bearRequests(app)
  if (parts.access) guardAccess(app, parts.access)
  sayErrors(app, parts.failureForm)
  boundWaiting(app, waitingBytesMax)
  healthRoutes(app, parts.readiness)
  httpMetrics(app, parts.counts ?? (() => ({})))
  app.get('/openapi.json', { schema: { hide: true }, config: { scope: 'open' } }, () => app.swagger())
  return app
}

function openApp(parts: ServerParts): Server {
  const app = fastify({
    bodyLimit: bodyBytesMax,
    forceCloseConnections: true,
    connectionTimeout: idleMs,
    http: { maxHeaderSize: headBytesMax, headersTimeout: headMs, connectionsCheckingInterval: 5000, requireHostHeader: false },
    routerOptions: { maxParamLength: parameterCharsMax },
    genReqId: ({ headers }) => requestId(headers['x-request-id']),
    frameworkErrors: (error, request, reply) => void answerFailure(error as FastifyError, request, reply, parts),
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, parts.failureForm),
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  // A text is taken for JSON by nobody: it is 415, as every other type is.
  app.removeContentTypeParser('text/plain')
  app.server.maxConnections = parts.connectionsMax ?? connectionsUsual
  answerHalfClosed(app.server)
  return app
}

/** Who has sent all that it will, and closed that side, is answered all the same (RFC 9293 §3.6); Node would close the other. */
function answerHalfClosed(server: HttpServer): void {
  // Not in Node's types, and there since 0.5.
  Object.assign(server, { httpAllowHalfOpen: true })
  // Each request that waits listens, and a connection may bring many.
  server.on('connection', (socket: Socket) => socket.setMaxListeners(0))
}

const describedObject: SwaggerTransformObject = (given) => withoutUnnamed(jsonSchemaTransformObject(given))

const requestId = (given: string | string[] | undefined): string => (typeof given === 'string' && /^[\w.:=+/-]{1,100}$/.test(given) ? given : randomUUID())

function corsOptions(origins: readonly string[]): () => FastifyCorsOptionsDelegateCallback {
  const options = {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: ['Accept-Ranges', 'Content-Range', 'ETag', 'Link', 'Retry-After', 'X-Error-Code', 'X-Request-Id', 'X-Revision', 'X-Total-Count'],
    maxAge: 600,
  }
  // Who asks with OPTIONS for no page is answered as without CORS (known-routes.ts).
  return () => (request, done) => done(null, { ...options, preflight: request.headers['access-control-request-method'] !== undefined })
}

/** Nothing of an API is a page: whatever is opened in a browser runs nothing and loads nothing. */
const helmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
  crossOriginResourcePolicy: { policy: 'cross-origin' as const },
  // Whoever serves TLS says so for their whole host.
  strictTransportSecurity: false,
}

/** What helmet says to browsers, which is the same in each answer, and so asked for once: to have it set one by one on each was a third of what an answer of the feed costs. */
function browserHeaders(): Record<string, string> {
  const headers: Record<string, string> = {}
  const answer = { setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value), removeHeader: () => undefined }
  helmet(helmetOptions)({} as IncomingMessage, answer as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw error
  })
  return headers
}

/** Ids, bounds, what browsers may do, and JSON that comes without saying so. */
function bearRequests(app: Server): void {
  const forBrowsers = browserHeaders()
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(forBrowsers).header('x-request-id', request.id)
    if (hasBody(request)) request.headers['content-type'] ??= 'application/json'
    done(refusalOf(request))
  })
  app.addHook('preParsing', (request, _reply, payload, done) => {
    if (!hasBody(request)) return done(null, payload)
    const timer = setTimeout(() => request.raw.destroy(), headMs + request.routeOptions.bodyLimit / bodyBytesPerMs)
    const stop = () => clearTimeout(timer)
    payload.once('end', stop).once('close', stop)
    done(null, payload)
  })
}

function refusalOf(request: FastifyRequest): OrreryError | undefined {
  if (request.url.length > urlCharsMax)
    return new OrreryError('uri_too_long', `The address has more than ${urlCharsMax} characters; send less in it.`, { charsMax: urlCharsMax })
  if (!hasOneHost(request.raw)) return new OrreryError('invalid_argument', 'The request names no host, or more than one; send one Host (RFC 9112 §3.2).')
  const coding = request.headers['content-encoding'] ?? 'identity'
  if (!hasBody(request) || coding.toLowerCase() === 'identity') return undefined
  return new OrreryError('unsupported_media_type', 'The body is taken as it is, not packed; send it without Content-Encoding.', { taken: ['identity'] })
}

/** Of more than one Node would take the first, and what stands before this service may take the last. */
function hasOneHost({ httpVersion, rawHeaders }: IncomingMessage): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.length === 4 && rawHeaders[at]?.toLowerCase() === 'host') hosts++
  return hosts === 1 || (hosts === 0 && httpVersion !== '1.1')
}

const hasBody = ({ headers }: FastifyRequest): boolean => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Every described route may be refused, in its own words where it has some. */
function sayErrors(app: Server, form: FailureForm = 'error'): void {
  const failure = form === 'problem' ? { description: 'What was refused, or failed', content: { [problemType]: { schema: Problem } } } : ErrorBody
  app.addHook('onRoute', ({ schema }) => {
    if (!schema || schema.hide === true) return
    schema.response = { '4xx': failure, '5xx': failure, ...(schema.response as object | undefined) }
  })
}

/** What is no HTTP gets the same error as what is, where there is still somebody to get it. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket, form: FailureForm | undefined): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, `The head of the request has more than ${headBytesMax} bytes.`]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'The request did not come in time.']
        : error.code === 'HPE_INVALID_METHOD' && isRequestLine(error)
          ? [501, 'The method is none of HTTP that is known here.']
          : [400, 'This is no HTTP request.']
  const { type, text } = failureText({ status, code: 'invalid_argument', message, details: {} }, randomUUID(), form)
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nContent-Type: ${type}\r\nConnection: close\r\n\r\n`
  if (socket.writable) socket.write(head + text)
  socket.destroy(error)
}

/** Whether it is a request but for its method, which is none of Node's. */
const isRequestLine = ({ rawPacket }: Error & { rawPacket?: unknown }): boolean =>
  Buffer.isBuffer(rawPacket) && /^[!#$%&'*+.^_`|~\w-]+ \S+ HTTP\/1[.][01]\r?\n/.test(rawPacket.toString('latin1', 0, headBytesMax))

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
