import { AsyncLocalStorage } from 'node:async_hooks'
import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiKey, ApiKeys, ApiScope } from '#schemas/api-keys.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Server } from './server.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must be good for; `open`: none is asked for. Absent: `read`. */
    scope?: ApiScope | 'open'
  }
  interface FastifyRequest {
    /** Whose request it is; null without a key. */
    apiKey: ApiKey | null
  }
}

export interface ApiAccess {
  keys: ApiKeys
  /** `auto`: of whoever does not ask this machine from this machine. */
  requireKey: 'auto' | 'always' | 'never'
  /** Address that is listened on, as the settings have it. */
  host: string
  /** Origins whose pages may ask. */
  corsOrigins: readonly string[]
  /** Whether a request without a key brings what its service knows it by, or will. */
  isKnown?: (request: FastifyRequest) => Promise<boolean>
}

/** Whose request is answered by asking this service itself. */
const admitted = new AsyncLocalStorage<ApiKey>()

/** What the service asks itself to answer a request with a key is that request: it is held against the scopes of the key, and counted once. */
export const inNameOf = <T>(key: ApiKey | null, work: () => T): T => (key ? admitted.run(key, work) : work())

/**
 * Asks for a key (`Authorization: Bearer orr_…` or `X-API-Key`) before a body is read: 401 without a good one, 403 where its scopes do not reach, 429 once a quota
 * is used up. To be called before the first route.
 */
export function guardAccess(app: Server, access: () => ApiAccess): void {
  app.decorateRequest('apiKey', null)
  const counted = new WeakSet<FastifyRequest>()
  app.addHook('onRequest', async (request, reply) => {
    const scope = request.routeOptions.config.scope ?? 'read'
    if (scope === 'open') return
    const own = admitted.getStore()
    if (own) {
      requireScope(own, scope, reply)
      request.apiKey = own
      counted.add(request)
      return
    }
    const secret = secretOf(request)
    if (secret === undefined) {
      if (await access().isKnown?.(request)) return
      requireNoKey(request, reply, access(), scope)
    } else request.apiKey = await admit(access().keys, secret, scope, reply)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (request.apiKey?.bytesPerDay != null && !counted.has(request)) await access().keys.charge(request.apiKey.id, sentBytes(request, reply))
  })
  const before = new WeakMap<FastifyRequest, number>()
  app.addHook('onRequest', (request, _reply, done) => {
    before.set(request, request.socket.bytesWritten ?? 0)
    done()
  })
  const sentBytes = (request: FastifyRequest, reply: FastifyReply): number => {
    const written = (request.socket.bytesWritten ?? 0) - (before.get(request) ?? 0)
    return Math.max(written, request.method === 'HEAD' ? 0 : Number(reply.getHeader('content-length') ?? 0))
  }
}

/**
 * The scheme is case-insensitive (RFC 9110 §11.1). What is not spelled like a key is none, and asks like who has none: pyiceberg sends `Bearer None` where it
 * has no token.
 */
function secretOf({ headers }: FastifyRequest): string | undefined {
  const named = headers['x-api-key']
  if (typeof named === 'string' && named !== '') return named
  return /^bearer +(orr_\S*) *$/i.exec(headers.authorization ?? '')?.[1]
}

async function admit(keys: ApiKeys, secret: string, scope: ApiScope, reply: FastifyReply): Promise<ApiKey> {
  const admission = await keys.admit(secret)
  if (admission.outcome === 'quota') {
    const { quota, retrySeconds } = admission
    const message = `The quota ${quota} of this key is used up; come again in ${retrySeconds} s.`
    throw new OrreryError('rate_limited', message, { quota, retry_after_seconds: retrySeconds })
  }
  if (admission.outcome !== 'admitted') {
    void reply.header('www-authenticate', 'Bearer realm="orrery", error="invalid_token"')
    const why = admission.outcome === 'unknown' ? 'is not known here' : admission.outcome === 'expired' ? 'has expired' : 'was revoked'
    throw new OrreryError('unauthorized', `This key ${why}; \`orrery dataset key\` lists and makes keys.`)
  }
  requireScope(admission.key, scope, reply)
  return admission.key
}

function requireScope(key: ApiKey, scope: ApiScope, reply: FastifyReply): void {
  if (key.scopes.includes(scope)) return
  void reply.header('www-authenticate', `Bearer realm="orrery", error="insufficient_scope", scope="${scope}"`)
  throw new OrreryError(
    'forbidden',
    `This key is not good for ${scope}; one that is has it among its scopes (\`orrery dataset key create --scope ${scope}\`).`,
    {
      scope,
      scopes: key.scopes,
    },
  )
}

/** Whoever comes without a key. A page of a stranger that asks through somebody's browser is not that somebody, whomever a key is asked of. */
function requireNoKey(request: FastifyRequest, reply: FastifyReply, { requireKey, host, corsOrigins }: ApiAccess, scope: ApiScope): void {
  const isFree = requireKey === 'never' || (requireKey === 'auto' && isLoopback(host) && isOfThisMachine(request, host))
  if (!isFree) {
    void reply.header('www-authenticate', 'Bearer realm="orrery"')
    throw new OrreryError('unauthorized', 'A key is needed: send it as `Authorization: Bearer orr_…`; `orrery dataset key create` makes one.')
  }
  const { origin } = request.headers
  if (isSafe(request.method) || origin === undefined || corsOrigins.includes(origin) || URL.parse(origin)?.host === request.host) return
  // Who lets all pages read lets them ask, and do nothing.
  if (corsOrigins.includes('*') && scope !== 'tasks') return
  throw new OrreryError(
    'forbidden',
    `Pages of ${origin.slice(0, 100)} may not do this without a key; the operator may allow the origin in dataset.cors_origins.`,
  )
}

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

/** Headers of whoever passes on what others ask: then the peer is not who asks. */
const forwarding = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

export function isOfThisMachine({ socket, headers, hostname }: FastifyRequest, host: string): boolean {
  if (!isLoopback(socket.remoteAddress ?? '') || forwarding.some((name) => headers[name] !== undefined)) return false
  // A name of the web that was made to lead here (DNS rebinding) is not that of this machine.
  return headers.host === undefined || isLoopback(hostname) || hostname === host
}

/** An address or a name that only this machine has. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d)/i, '')
  if (isIP(bare) === 4) return bare.startsWith('127.')
  return bare === '::1' || /^(?:[a-z0-9-]+\.)*localhost$/i.test(bare)
}
