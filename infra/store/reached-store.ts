import type { FastifyRequest } from 'fastify'
import { isLoopback } from '#infra/net/api-access.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

type Reached = Pick<FastifyRequest, 'host' | 'hostname' | 'protocol' | 'headers'>

/**
 * The store of a service with signed URLs that lead to where it was reached: what it listens on (0.0.0.0, the loopback behind a proxy) leads nowhere from elsewhere.
 * Whoever sends a name that is not ours gets it back themselves. A store that another serves stays as it is.
 */
export function reachedStore<Store extends ObjectStore>(store: Store, request: Reached): Store {
  const origin = reachedOrigin(request)
  if (!('accepts' in store) || isLoopback(request.hostname) || origin === undefined) return store
  return {
    ...store,
    async signGet(key, ttlMs) {
      const signed = await store.signGet(key, ttlMs)
      return { ...signed, url: signed.url.replace(/^https?:\/\/[^/]+/, origin) }
    },
  }
}

/** Where a service was reached; undefined where the name is none. A proxy that ends TLS says so. */
export function reachedOrigin({ host, protocol, headers }: Reached): string | undefined {
  if (!/^(?:\[[0-9a-fA-F:.]+\]|[\w.-]{1,253})(?::\d{1,5})?$/.test(host)) return undefined
  const isSecure = protocol === 'https' || /^https\b/i.test(String(headers['x-forwarded-proto'] ?? ''))
  return `${isSecure ? 'https' : 'http'}://${host}`
}
