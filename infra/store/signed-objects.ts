import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ByteRange, ObjectStore } from '#schemas/object-store.ts'
import type { Capability } from './capability.ts'
import type { FolderStore } from './folder.ts'

const pieceBytes = 1 << 20
const Query = z.object({ method: z.enum(['GET', 'PUT']), expires: z.coerce.number().int(), signature: z.string().regex(/^[0-9a-f]{64}$/) })

export interface SignedObjectsOptions {
  /** Largest body of a PUT. */
  bodyBytesMax?: number
}

/**
 * A plugin that honours the capability URLs of a store: `await app.register(signedObjects(store))`, with `origin` of the store pointing to the app.
 * GET and HEAD under a GET signature, with `Range: bytes=…` (one range); PUT under a PUT signature: 201, `already_exists` for other bytes,
 * `too_large` above `bodyBytesMax` (default 1 GiB); both directions piece by piece. Anything without a valid, unexpired signature is `forbidden`, before its
 * body is read.
 */
export function signedObjects(store: FolderStore, { bodyBytesMax = 2 ** 30 }: SignedObjectsOptions = {}) {
  return async (app: Server): Promise<void> => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { bodyLimit: bodyBytesMax }, (_request, payload, done) => done(null, payload))
    app.addHook('onRequest', async (request) => {
      const capability = capabilityOf(request)
      if (!capability || !(await store.accepts(capability))) throw refusal()
    })
    app.route({ method: ['GET', 'HEAD'], url: '/objects/*', schema: { hide: true }, handler: (request, reply) => serve(store, request, reply) })
    app.put('/objects/*', { schema: { hide: true }, bodyLimit: bodyBytesMax }, async (request, reply) => {
      // Whoever is refused may go on sending.
      void reply.header('connection', 'close')
      await store.put(keyOf(request), bodyOf(request, bodyBytesMax))
      return reply.removeHeader('connection').status(201).send()
    })
  }
}

const keyOf = (request: FastifyRequest): string => (request.params as { '*': string })['*']

/** A PUT without a body and type is an empty object. Its length is refused by what it says, and where it says none, once it is seen. */
async function* bodyOf({ body, headers }: FastifyRequest, bytesMax: number): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Readable)) return
  let bytes = 0
  const requireFit = (size: number) => {
    if (size > bytesMax) throw new OrreryError('too_large', `The body has more than ${bytesMax} bytes; split the object.`, { bytesMax })
  }
  requireFit(Number(headers['content-length'] ?? 0))
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      requireFit((bytes += piece.length))
      yield piece
    }
  } catch (cause) {
    if (cause instanceof OrreryError) throw cause
    throw new OrreryError('invalid_record', `The body broke off after ${bytes} bytes; send it again.`, { bytes }, cause)
  }
}

function capabilityOf(request: FastifyRequest): Capability | undefined {
  const query = Query.safeParse(request.query)
  const wanted = request.method === 'HEAD' ? 'GET' : request.method
  return query.success && query.data.method === wanted ? { ...query.data, key: keyOf(request) } : undefined
}

/** Not `unauthorized`: a capability is not something a client could log in for (RFC 9110 §15.5.4). */
function refusal(): OrreryError {
  const message = 'This signed URL is not valid here: it was changed, is for another method, or has expired; ask its issuer for a new one.'
  return new OrreryError('forbidden', message)
}

async function serve(store: ObjectStore, request: FastifyRequest, reply: FastifyReply) {
  const key = keyOf(request)
  const info = await store.head(key)
  if (!info) throw new OrreryError('not_found', `There is no object "${key}" any more.`, { key })
  const wanted = rangeOf(request.headers.range, info.bytes)
  if (wanted === 'unsatisfiable') return reply.status(416).header('content-range', `bytes */${info.bytes}`).send()
  const range = wanted ?? { start: 0, end: info.bytes }
  if (wanted) void reply.status(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${info.bytes}`)
  void reply.header('accept-ranges', 'bytes').header('content-length', range.end - range.start)
  void reply.type('application/octet-stream')
  if (request.method === 'HEAD') return reply.send()
  return reply.send(Readable.from(pieces(store, key, range), { objectMode: false }))
}

/** One range of RFC 9110 §14.1.2; undefined for none, or for a form that may be ignored (several ranges, another unit, bad syntax). */
function rangeOf(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const range =
    first === ''
      ? { start: Math.max(0, bytes - Number(last)), end: bytes }
      : { start: Number(first), end: last === '' ? bytes : Math.min(bytes, Number(last) + 1) }
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  return range.start < range.end ? range : 'unsatisfiable'
}

async function* pieces(store: ObjectStore, key: string, { start, end }: ByteRange): AsyncIterable<Uint8Array> {
  for (let at = start; at < end; at += pieceBytes) yield store.get(key, { start: at, end: Math.min(end, at + pieceBytes) })
}
