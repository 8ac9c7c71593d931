import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { rangeOf } from '#infra/net/byte-range.ts'
import { isRangeWanted, precondition } from '#infra/net/preconditions.ts'
import type { Server } from '#infra/net/server.ts'
import { addressNumber } from '#schemas/address-number.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ByteRange, ObjectInfo, ObjectStore } from '#schemas/object-store.ts'
import type { Capability } from './capability.ts'
import type { FolderStore } from './folder.ts'

const pieceBytes = 1 << 20
const Query = z.object({ method: z.enum(['GET', 'PUT']), expires: addressNumber(), signature: z.string().regex(/^[0-9a-f]{64}$/) })

export interface SignedObjectsOptions {
  /** Largest body of a PUT. */
  bodyBytesMax?: number
}

/**
 * A plugin that honours the capability URLs of a store: `await app.register(signedObjects(store))`, with `origin` of the store pointing to the app.
 * GET and HEAD under a GET signature, or with a grant (FolderStore) as `x-amz-security-token`, so that S3 clients read them as the bucket `objects`, path style;
 * with an ETag (the sha256 of an object that is named by it), If-None-Match, If-Match, If-Range and `Range: bytes=…` (of several ranges the whole is sent); PUT
 * under a PUT signature: 201, `already_exists` for other bytes, `too_large` above `bodyBytesMax` (default 1 GiB); both directions piece by piece. Anything without a valid, unexpired signature is `forbidden`, before its
 * body is read.
 */
export function signedObjects(store: FolderStore, { bodyBytesMax = 2 ** 30 }: SignedObjectsOptions = {}) {
  return async (app: Server): Promise<void> => {
    // Who holds a URL needs no key.
    const config = { scope: 'open' as const }
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { bodyLimit: bodyBytesMax }, (_request, payload, done) => done(null, payload))
    app.addHook('onRequest', async (request) => {
      if (!(await isAllowed(store, request))) throw refusal()
    })
    app.route({ method: ['GET', 'HEAD'], url: '/objects/*', schema: { hide: true }, config, handler: (request, reply) => serve(store, request, reply) })
    app.put('/objects/*', { schema: { hide: true }, bodyLimit: bodyBytesMax, config }, async (request, reply) => {
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

/** S3 clients bring a grant as the session token of their credentials; what they sign with these is not looked at: the token is secret itself. */
async function isAllowed(store: FolderStore, request: FastifyRequest): Promise<boolean> {
  const token = request.headers['x-amz-security-token']
  if (typeof token === 'string' && (request.method === 'GET' || request.method === 'HEAD')) return store.isGranted(token, keyOf(request))
  const capability = capabilityOf(request)
  return capability !== undefined && store.accepts(capability)
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
  const { etag, isFixed } = await tagOf(store, info)
  void reply.headers({ etag, 'accept-ranges': 'bytes', 'cache-control': isFixed ? 'private, max-age=31536000, immutable' : 'private, no-cache' })
  const outcome = precondition(request.headers, etag)
  if (outcome === 'failed') throw new OrreryError('precondition_failed', `The object "${key}" is not the one that If-Match names.`, { key })
  if (outcome === 'not_modified') return reply.status(304).send()
  const wanted = request.method === 'GET' && isRangeWanted(request.headers, etag) ? rangeOf(request.headers.range, info.bytes) : undefined
  if (wanted === 'unsatisfiable') return reply.status(416).header('content-range', `bytes */${info.bytes}`).send()
  const range = wanted ?? { start: 0, end: info.bytes }
  if (wanted) void reply.status(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${info.bytes}`)
  void reply.header('content-length', range.end - range.start).type('application/octet-stream')
  if (request.method === 'HEAD') return reply.send()
  return reply.send(Readable.from(pieces(store, key, range), { objectMode: false }))
}

/** An object that is shorter, and not named by its content, may point to what is newest, and be replaced. */
const pointerBytesMax = 1024

/** A strong tag: the sha256 that names the object, or that of its bytes; of a longer one whatever follows from its key, which is written once. */
async function tagOf(store: ObjectStore, { key, bytes }: ObjectInfo): Promise<{ etag: string; isFixed: boolean }> {
  const [named] = /(?<![0-9a-f])[0-9a-f]{64}(?=(?:\.[a-z]+)?$)/.exec(key) ?? []
  if (named !== undefined || bytes > pointerBytesMax) return { etag: `"${named ?? sha256Hex(`${key} ${bytes}`)}"`, isFixed: true }
  return { etag: `"${sha256Hex(await store.get(key))}"`, isFixed: false }
}

async function* pieces(store: ObjectStore, key: string, { start, end }: ByteRange): AsyncIterable<Uint8Array> {
  for (let at = start; at < end; at += pieceBytes) yield store.get(key, { start: at, end: Math.min(end, at + pieceBytes) })
}
