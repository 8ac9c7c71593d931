import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { OrreryError } from '#schemas/errors.ts'

/** The codes of the real service (huggingface/dataset-viewer, libs/libapi/exceptions.py) that apply here. */
type ViewerErrorCode =
  | 'ExternalUnauthenticatedError'
  | 'ExternalAuthenticatedError'
  | 'InvalidParameter'
  | 'MissingRequiredParameter'
  | 'ResponseNotFound'
  | 'ResponseNotReady'
  | 'UnexpectedApiError'

interface Failure {
  status: number
  code: ViewerErrorCode
  message: string
  retryAfterSeconds?: number | undefined
}

/** Errors as the clients of the viewer read them: `{error}`, with the header `X-Error-Code`. */
export function sendFailure(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, code, message, retryAfterSeconds } = failureOf(error, request)
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds)
  return reply
    .status(status)
    .header('x-error-code', code)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send(JSON.stringify({ error: message }))
}

function failureOf(error: FastifyError, request: FastifyRequest): Failure {
  if (hasZodFastifySchemaValidationErrors(error)) return parameterFailure(error.validation, request)
  if (error instanceof OrreryError) return knownFailure(error)
  const status = error.statusCode ?? 500
  if (status < 500) return { status, code: 'InvalidParameter', message: error.message }
  process.emitWarning(`${request.method} ${request.url} failed: ${error.stack ?? error.message}`)
  return { status: 500, code: 'UnexpectedApiError', message: 'Unexpected error; the log of the service says why.' }
}

interface Problem {
  instancePath: string
  message?: string | undefined
}

function parameterFailure(problems: readonly Problem[], { query }: FastifyRequest): Failure {
  const [first] = problems
  const name = first?.instancePath.slice(1) ?? ''
  const given = Object.entries(query as object).find(([key]) => key === name)?.[1]
  if (given === undefined || (given === '' && !withDefaults.has(name)))
    return { status: 422, code: 'MissingRequiredParameter', message: `Parameter '${name}' is required` }
  return { status: 422, code: 'InvalidParameter', message: `Parameter '${name}' ${Array.isArray(given) ? 'is given more than once' : first?.message}` }
}

/** What need not be given is not missing where it is empty: it is no number. */
const withDefaults: ReadonlySet<string> = new Set(['offset', 'length'])

/** A question that cannot be answered is 422 there, and busy is 500: here a client may see that it should come again. */
function knownFailure(error: OrreryError): Failure {
  const { code, message, status } = error
  if (code === 'unauthorized') return { status, code: 'ExternalUnauthenticatedError', message }
  if (code === 'forbidden') return { status, code: 'ExternalAuthenticatedError', message }
  if (code === 'not_found') return { status: 404, code: 'ResponseNotFound', message }
  if (code === 'invalid_argument' || code === 'too_large') return { status: 422, code: 'InvalidParameter', message }
  const seconds = error.details['retry_after_seconds']
  const retryAfterSeconds = typeof seconds === 'number' ? seconds : undefined
  return { status, code: error.retryable ? 'ResponseNotReady' : status < 500 ? 'InvalidParameter' : 'UnexpectedApiError', message, retryAfterSeconds }
}
