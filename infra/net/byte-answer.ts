import type { FastifyReply, FastifyRequest } from 'fastify'
import { OrreryError } from '#schemas/errors.ts'
import { rangeOf } from './byte-range.ts'
import { isRangeWanted, precondition } from './preconditions.ts'

/** A representation that never changes, whole in memory. */
export interface FixedBytes {
  /** Strong, spelled as the header has it. */
  etag: string
  type: string
  bytes: Uint8Array
}

/** Answers GET and HEAD with fixed bytes, by the conditions and the range of the request (RFC 9110 §13, §14). @throws OrreryError `precondition_failed` */
export function answerBytes(request: FastifyRequest, reply: FastifyReply, { etag, type, bytes }: FixedBytes): FastifyReply {
  void reply.headers({ etag, 'accept-ranges': 'bytes', 'cache-control': 'private, max-age=31536000, immutable' })
  const outcome = precondition(request.headers, etag)
  if (outcome === 'failed') throw new OrreryError('precondition_failed', 'What is here is not what If-Match names.', { etag })
  // To a HEAD the length would be told of what is sent, which is nothing, and not of what it stands for (§8.6).
  if (outcome === 'not_modified')
    return reply.status(304).send(request.method === 'HEAD' ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : undefined)
  const wanted = request.method === 'GET' && isRangeWanted(request.headers, etag) ? rangeOf(request.headers.range, bytes.length) : undefined
  if (wanted === 'unsatisfiable') return reply.status(416).header('content-range', `bytes */${bytes.length}`).send()
  const { start, end } = wanted ?? { start: 0, end: bytes.length }
  if (wanted) void reply.status(206).header('content-range', `bytes ${start}-${end - 1}/${bytes.length}`)
  void reply.header('content-length', end - start).type(type)
  // Of a HEAD too: Fastify says its length, and leaves it out.
  return reply.send(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start))
}
