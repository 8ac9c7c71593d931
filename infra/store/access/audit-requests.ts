import type { FastifyRequest } from 'fastify'
import type { Server } from '#infra/net/server.ts'
import type { AuditEntry, AuditLog } from './audit-log.ts'

const charsMax = 300

/** Writes down each request before it is answered, and those whose sender went away; but for those of `untold` that were answered. */
export function auditRequests(app: Server, log: AuditLog, date: () => number): void {
  app.decorateRequest('audited', null as unknown as FastifyRequest['audited'])
  app.addHook('onRequest', async (request) => {
    request.audited = nothingOf(request)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    const refusal = reply.statusCode < 400 ? undefined : refusalIn(payload)
    if (refusal || !untold.has(request.routeOptions.url ?? '')) await log.add(entryOf(request, date(), reply.statusCode, refusal))
    return payload
  })
  app.addHook('onRequestAbort', async (request) => {
    await log.add(entryOf(request, date(), 499, { code: 'hung_up', message: 'The client went away.' }))
  })
}

/** What anybody may ask, and polls for jobs, which would push out all else. */
const untold = new Set([
  '/on-demand/miner/jobs/active',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/healthcheck',
  '/structure-info',
  '/commitment-formats',
])

const nothingOf = (request: FastifyRequest): FastifyRequest['audited'] => ({ hotkey: null, claimed: claimedBy(request), key: null, bytes: null })

/** What is not proven is told apart from what is. */
function claimedBy({ headers }: FastifyRequest): string | null {
  const claimed = headers['x-bittensor-hotkey'] ?? headers['x-tao-signed-by']
  return typeof claimed === 'string' ? claimed.slice(0, 64) : null
}

function entryOf(request: FastifyRequest, now: number, status: number, refusal: { code: string; message: string } | undefined): AuditEntry {
  // What is refused for its key of the API comes no further.
  const { hotkey, claimed, key, bytes } = request.audited ?? nothingOf(request)
  return {
    at: new Date(now).toISOString(),
    request_id: request.id,
    remote: request.ip,
    method: request.method,
    // What signs an address lets one in.
    path: request.url.split('?', 1)[0]?.slice(0, charsMax) ?? '',
    hotkey,
    claimed: hotkey === null ? claimed : null,
    key: key?.slice(0, charsMax) ?? null,
    bytes,
    status,
    code: refusal?.code ?? null,
    reason: refusal?.message.slice(0, charsMax) ?? null,
  }
}

/** As it is told to who asked (infra/net/failure-answer.ts). */
function refusalIn(payload: unknown): { code: string; message: string } {
  try {
    const { error } = JSON.parse(String(payload)) as { error: { code: string; message: string } }
    return { code: String(error.code), message: String(error.message) }
  } catch {
    return { code: 'internal', message: '' }
  }
}
