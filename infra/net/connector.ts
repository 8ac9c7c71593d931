import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { Egress } from './egress.ts'
import { HttpTrouble } from './http-failure.ts'

/**
 * The undici connector that knows only checked addresses: it asks the egress rule where a host is and connects there, one address after the
 * other, without a lookup of its own. For TLS the name in the URL is still the one the certificate must carry.
 * @param connectMs deadline of each attempt
 */
export function guardedConnector(egress: Egress, connectMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: connectMs })
  return (options, callback) => void deliver(connectTo(connect, egress, options), callback)
}

async function deliver(connecting: Promise<Socket>, callback: buildConnector.Callback): Promise<void> {
  const [error, socket] = await connecting.then(
    (socket) => [null, socket] as const,
    (error: unknown) => [error instanceof Error ? error : new Error(String(error)), null] as const,
  )
  if (error === null) callback(null, socket)
  else callback(error, null)
}

async function connectTo(connect: buildConnector.connector, egress: Egress, options: buildConnector.Options): Promise<Socket> {
  const hostname = options.hostname.replace(/^\[|\]$/g, '')
  const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80)
  let trouble: unknown = new HttpTrouble('dns_failed')
  for (const { address, port: at } of await egress.resolve(options.protocol, hostname, port)) {
    const servername = options.protocol === 'https:' ? { servername: options.servername || hostname } : {}
    const attempt = Promise.withResolvers<Socket>()
    connect({ ...options, ...servername, hostname: address, port: String(at) }, (...[error, socket]) =>
      error === null ? attempt.resolve(socket) : attempt.reject(error),
    )
    try {
      return await attempt.promise
    } catch (error) {
      trouble = error
    }
  }
  throw trouble
}
