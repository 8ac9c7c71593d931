import { precondition } from '#infra/net/preconditions.ts'
import type { Server } from '#infra/net/server.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'

/** As many hex digits as tell answers apart. */
const digits = 32

/** Of an answer that is made anew each time, the tag is that of its bytes. */
export const etagOf = (body: string | Uint8Array): string => `"${sha256Hex(body).slice(0, digits)}"`

/**
 * Gives every whole answer to a GET or HEAD of the routes of `app` that has no ETag one of its bytes; whoever has them already gets 304. It spares the way, not
 * the work.
 */
export function tagAnswers(app: Server): void {
  app.addHook('onSend', async ({ method, headers }, reply, payload) => {
    if ((method !== 'GET' && method !== 'HEAD') || reply.statusCode !== 200 || reply.hasHeader('etag')) return payload
    if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) return payload
    const etag = etagOf(payload)
    const outcome = precondition(headers, etag)
    if (outcome === 'failed') throw answerChanged()
    void reply.header('etag', etag)
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'private, no-cache')
    if (outcome === 'send') return payload
    void reply.status(304)
    // To a HEAD the length is told of what is held back here.
    return method === 'HEAD' ? payload : null
  })
}

export const answerChanged = (): OrreryError => new OrreryError('precondition_failed', 'The answer is not the one that If-Match names; ask without it.')
