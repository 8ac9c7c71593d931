import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { OrreryError, type ErrorCode } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'

/** What every error looks like on the wire. */
export const ErrorBody = z
  .strictObject({
    error: z.strictObject({
      code: z.string().describe('Stable, for programs.'),
      message: z.string().describe('What happened and what to do next, in one line.'),
      // oxlint-disable-next-line orrery/no-open-record -- our details
      details: z.record(z.string(), z.unknown()),
      request_id: z.string().describe('As in the header X-Request-Id, and in the log of the service.'),
    }),
  })
  .meta({
    id: 'Error',
    description: 'What was refused, or failed',
    examples: [
      {
        error: { code: 'not_found', message: 'There is no dataset "wbe"; GET /v1/datasets lists what there is.', details: { name: 'wbe' }, request_id: 'k3f9' },
      },
    ],
  })
type ErrorBody = z.infer<typeof ErrorBody>

/** The same as a problem of RFC 9457, with the body above as one of its members: who reads either finds what it looks for. */
export const Problem = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string().describe('What the status says.'),
    status: z.int(),
    detail: z.string().describe('The message.'),
    code: z.string().describe('Stable, for programs.'),
    error: ErrorBody.shape.error,
  })
  .meta({ id: 'Problem', description: 'What was refused, or failed' })

/** How the errors of a service look: `problem` = as `application/problem+json`. */
export type FailureForm = 'error' | 'problem'

interface Failure {
  status: number
  code: ErrorCode | 'internal'
  message: string
  details: Record<string, unknown>
}

/** Answers an error under its own status; what nobody foresaw is told to the log alone. */
export function answerFailure(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  { telemetry, failureForm }: { telemetry?: Telemetry; failureForm?: FailureForm },
): FastifyReply {
  const { status, ...failure } = describe(error, whereOf(request))
  if (status >= 500) tell(error, request, status, telemetry)
  const retry = status === 429 || status === 503 ? retrySeconds(failure.details['retry_after_seconds']) : undefined
  if (retry !== undefined) void reply.header('retry-after', retry)
  for (const name of ofTheAnswer) void reply.removeHeader(name)
  const { type, text } = failureText({ status, ...failure }, request.id, failureForm)
  return reply.header('cache-control', 'no-store').status(status).type(type).send(text)
}

/** A failure as it goes over the wire. */
export function failureText({ status, ...failure }: Failure, requestId: string, form: FailureForm = 'error'): { type: string; text: string } {
  const body = errorBody(failure, requestId)
  if (form === 'error') return { type: 'application/json; charset=utf-8', text: JSON.stringify(body) }
  const problem = { type: 'about:blank', title: STATUS_CODES[status] ?? '', status, detail: failure.message, code: failure.code, ...body }
  return { type: problemType, text: JSON.stringify(problem) }
}

export const problemType = 'application/problem+json'

/** What a route has said already of the answer that it did not come to give. */
const ofTheAnswer = ['etag', 'link', 'x-total-count', 'content-length', 'content-range', 'accept-ranges']

const errorBody = ({ code, message, details }: Omit<Failure, 'status'>, requestId: string): ErrorBody => ({
  error: { code, message, details, request_id: requestId },
})

const whereChars = 200

/** The method and the address, cut. */
export const whereOf = ({ method, url }: FastifyRequest): string => `${method} ${url.length > whereChars ? `${url.slice(0, whereChars)}…` : url}`

/** What the framework refuses, by its status. */
const codes = new Map<number, ErrorCode>([
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [413, 'too_large'],
  [414, 'uri_too_long'],
  [415, 'unsupported_media_type'],
  [429, 'rate_limited'],
  [503, 'store_unavailable'],
])

function describe(error: FastifyError, where: string): Failure {
  if (error instanceof OrreryError && isOfOwnFile(error))
    return { status: error.status, code: error.code, message: `${where}: a file of this service cannot be used now; its log says which, and why.`, details: {} }
  if (error instanceof OrreryError) return { status: error.status, code: error.code, message: error.message, details: { ...error.details } }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const problems = error.validation.slice(0, problemsMax).map((v) => `${v.instancePath || '/'}: ${v.message}`)
    return { status: 400, code: 'invalid_argument', message: `${where}: ${problems.join('; ')}`, details: { problems } }
  }
  const status = error.statusCode ?? 500
  const remedy = status === 415 ? '; send JSON, with Content-Type: application/json' : ''
  if (status < 500 || status === 503)
    return { status, code: codes.get(status) ?? 'invalid_argument', message: `${where}: ${error.message}${remedy}`, details: {} }
  return { status: 500, code: 'internal', message: `${where} failed here; the log of the service says why.`, details: {} }
}

/** Where this machine keeps what is nobody's business who asks, and nobody's help. */
const isOfOwnFile = ({ status, details }: OrreryError): boolean => status >= 500 && typeof details['path'] === 'string'

/** A body that is wrong all over is told so often. */
const problemsMax = 10

function tell(error: FastifyError, request: FastifyRequest, status: number, telemetry: Telemetry | undefined): void {
  const route = request.routeOptions.url ?? null
  telemetry?.event('http.failed', { request_id: request.id, method: request.method, route, status, error: error.message })
  if (!(error instanceof OrreryError)) process.emitWarning(`${whereOf(request)} (${request.id}) failed: ${error.stack ?? error.message}`)
}

const retrySeconds = (given: unknown): number => (typeof given === 'number' && given > 0 && Number.isFinite(given) ? Math.ceil(given) : 1)
