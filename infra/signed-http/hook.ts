import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { SchemeRules, SignedBy } from './signed-request.ts'
import { isSigned, type VerifySigned } from './verify.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who signed it; null where it does not say that it is signed. */
    signedBy: SignedBy | null
    /** The bytes of a signed request, also of a GET, which Fastify does not read. */
    signedBody: Buffer | null
  }
}

/**
 * Verifies each request that says it is signed, before anything of its body is believed: 401 for a wrong one. Whether it must be signed is for the routes.
 * To be called before the first route.
 * @param schemes those that `verify` takes
 */
export function verifySignatures(app: Server, schemes: readonly SchemeRules[], verify: () => VerifySigned): void {
  app.decorateRequest('signedBy', null)
  app.decorateRequest('signedBody', null)
  app.addHook('preParsing', async (request, _reply, payload) => {
    if (!isSigned(schemes, request.headers)) return payload
    const body = await bodyOf(request, payload)
    const { method, headers, raw } = request
    request.signedBy = (await verify()({ method, target: raw.url ?? '', headers, body })) ?? null
    request.signedBody = body
    return Object.assign(Readable.from([body], { objectMode: false }), { receivedEncodedLength: body.length })
  })
}

/** Bounded before it is hashed. */
async function bodyOf({ headers, routeOptions }: FastifyRequest, payload: AsyncIterable<Buffer>): Promise<Buffer> {
  const { bodyLimit } = routeOptions
  const tooLarge = () => new OrreryError('too_large', `The body has more than ${bodyLimit} bytes; send less at once.`, { bytesMax: bodyLimit })
  if (Number(headers['content-length'] ?? 0) > bodyLimit) throw tooLarge()
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of payload) {
    bytes += part.length
    if (bytes > bodyLimit) throw tooLarge()
    parts.push(part)
  }
  return Buffer.concat(parts, bytes)
}
