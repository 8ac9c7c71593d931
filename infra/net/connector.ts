import { isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { recentValues, textBytes } from '../recent-values.ts'
import { readLeniently } from './answer-wire.ts'
import type { Egress } from './egress.ts'
import { HttpTrouble } from './http-failure.ts'

export interface ConnectorOptions {
  egress: Egress
  /** Time to look up a name and to connect to one of its addresses, TLS included. */
  connectMs: number
  /** Certificate authorities (PEM) trusted instead of the well-known ones. */
  ca?: string | undefined
}

export interface Connected {
  /** IP address of the other end. */
  address: string
  /** How long it took to look up and connect, ms. */
  connectMs: number
}

/** Where connections are made, and to where they were. */
export interface Connector {
  connect: buildConnector.connector
  /** The newest connection of an origin. */
  latest(origin: string): Connected | undefined
  /** Gives up the connections that are being made. */
  close(): void
}

/** Of the newest connections of origins. */
const bytesMax = 4 * 2 ** 20

/**
 * The undici connector that knows only checked addresses: it asks the egress rule where a host is and connects there, one address after the
 * other, without a lookup of its own. Answers of HTTP/1 are read as browsers read them. For TLS the name in the URL is still the one the certificate must carry; HTTP/2 is spoken where ALPN chooses it.
 */
export function guardedConnector({ egress, connectMs, ca }: ConnectorOptions): Connector {
  // Typed as returning nothing, it returns its socket: the only hold on one that does not connect.
  const dial = buildConnector({ timeout: connectMs, allowH2: true, ...(ca === undefined ? {} : { ca }) }) as (
    ...parameters: Parameters<buildConnector.connector>
  ) => Socket
  const dialling = new Set<Socket>()
  const connected = recentValues<string, Connected>({ bytesMax, bytesOf: ({ address }) => textBytes(address) })

  async function open(options: buildConnector.Options): Promise<Socket> {
    const startedAt = performance.now()
    const hostname = options.hostname.replace(/^\[|\]$/g, '')
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80)
    // An address is no server name (RFC 6066 §3); its certificate is checked against the address itself.
    const tls = options.protocol === 'https:' && isIP(hostname) === 0 ? { servername: options.servername || hostname } : {}
    let trouble: unknown = new HttpTrouble('dns_failed')
    for (const { address, port: at } of await within(connectMs, egress.resolve(options.protocol, hostname, port))) {
      try {
        const socket = await attempt({ ...options, ...tls, hostname: address, port: String(at) })
        if (!(socket instanceof TLSSocket && socket.alpnProtocol === 'h2')) readLeniently(socket)
        connected.keep(`${options.protocol}//${options.host ?? hostname}`, { address, connectMs: performance.now() - startedAt })
        return socket
      } catch (error) {
        trouble = error
      }
      if (performance.now() - startedAt > connectMs) break
    }
    throw trouble
  }

  function attempt(options: buildConnector.Options): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    const socket = dial(options, (...[error, made]) => {
      dialling.delete(socket)
      if (error === null) resolve(made)
      else reject(error)
    })
    dialling.add(socket)
    return promise
  }

  return {
    connect: (options, callback) => void deliver(open(options), callback),
    latest: (origin) => connected.get(origin),
    close() {
      for (const socket of dialling) socket.destroy()
    },
  }
}

async function deliver(connecting: Promise<Socket>, callback: buildConnector.Callback): Promise<void> {
  const [error, socket] = await connecting.then(
    (socket) => [null, socket] as const,
    (error: unknown) => [error instanceof Error ? error : new Error(String(error)), null] as const,
  )
  if (error === null) callback(null, socket)
  else callback(error, null)
}

/** A name server that keeps silent is a host that cannot be connected to. @throws HttpTrouble `connect_timeout` */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new HttpTrouble('connect_timeout')), ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
