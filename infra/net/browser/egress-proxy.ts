import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import type { lookup } from 'node:dns'
import type { Duplex } from 'node:stream'
import { RequestError, Server, type PrepareRequestFunctionOpts, type PrepareRequestFunctionResult } from 'proxy-chain'
import type { Egress } from '../egress.ts'
import { HttpTrouble } from '../http-failure.ts'

/** The only way out of a browser: a proxy on loopback that asks the egress rule about every host, and connects to the very address that was checked. */
export interface EgressProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** Bytes given to the browser so far. */
  bytes(): number
  /** The address last connected to for a host name, unless this process serves it. */
  addressOf(hostname: string): string | undefined
  /** Whether the rule refused a host since the last call. */
  takeRefusals(): Set<string>
  /** Cuts all its connections. */
  cut(): void
}

const addressesMax = 1000

export async function openEgressProxy(egress: Egress): Promise<EgressProxy> {
  const state = new ProxyState(egress)
  const agent = new EgressAgent(state)
  const server = new Server({
    host: '127.0.0.1',
    port: 0,
    prepareRequestFunction: (request) => (request.isHttp ? plain(request, egress, state, agent) : tunnel(request, state)),
  })
  let closedBytes = 0
  server.on('connectionClosed', ({ stats }: { stats?: { srcTxBytes: number } }) => void (closedBytes += stats?.srcTxBytes ?? 0))
  // What fails on the way is answered to the browser; there is no one else to tell.
  server.on('requestFailed', () => undefined)
  await server.listen()
  return {
    origin: `http://127.0.0.1:${server.port}`,
    bytes: () => server.connections.values().reduce((sum, socket) => sum + socket.bytesWritten, closedBytes),
    addressOf: (hostname) => state.addresses.get(hostname),
    takeRefusals() {
      const taken = new Set(state.refused)
      state.refused.clear()
      return taken
    },
    cut() {
      server.closeConnections()
      agent.destroy()
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
      await server.close(true)
    },
  }
}

/** Plain HTTP: the URL is admitted here, and the connection made by the agent. */
function plain({ request, hostname }: PrepareRequestFunctionOpts, egress: Egress, state: ProxyState, httpAgent: HttpAgent): PrepareRequestFunctionResult {
  try {
    egress.admit(request.url ?? '')
  } catch (error) {
    throw state.refuse(hostname, error)
  }
  return { httpAgent }
}

/** TLS, which we do not look into: the browser checks the certificate, we where it goes. */
async function tunnel({ hostname, port }: PrepareRequestFunctionOpts, state: ProxyState): Promise<PrepareRequestFunctionResult> {
  const { address } = await state.resolve('https:', hostname, port)
  return { dnsLookup: pinned(address) }
}

class ProxyState {
  readonly addresses = new Map<string, string>()
  readonly refused = new Set<string>()
  readonly #egress: Egress

  constructor(egress: Egress) {
    this.#egress = egress
  }

  /** @throws RequestError 403 with the reason */
  async resolve(protocol: string, hostname: string, port: number): Promise<{ address: string; port: number }> {
    const name = hostname.replace(/^\[|\]$/g, '')
    try {
      const [first] = await this.#egress.resolve(protocol, name, port)
      if (!first) throw new HttpTrouble('dns_failed')
      if (protocol === 'https:' || !this.#egress.isVirtual(name)) this.#remember(name, first.address)
      return first
    } catch (error) {
      throw this.refuse(hostname, error)
    }
  }

  refuse(hostname: string, error: unknown): RequestError {
    const reason = error instanceof HttpTrouble ? error.reason : 'connection_failed'
    if (reason !== 'dns_failed' && reason !== 'connection_failed') this.refused.add(hostname)
    return new RequestError(reason, 403)
  }

  #remember(hostname: string, address: string): void {
    this.addresses.delete(hostname)
    this.addresses.set(hostname, address)
    if (this.addresses.size > addressesMax) this.addresses.delete(this.addresses.keys().next().value ?? hostname)
  }
}

/** Connects where the rule says, whatever the host name would resolve to by then. */
class EgressAgent extends HttpAgent {
  readonly #state: ProxyState

  constructor(state: ProxyState) {
    super({ keepAlive: true, maxSockets: 6, timeout: 30_000 })
    this.#state = state
  }

  override createConnection(options: ClientRequestArgs, callback?: (error: Error | null, stream: Duplex) => void): null {
    const made = (socket: Socket): void => callback?.(null, socket)
    const failed = (error: unknown): void => callback?.(error instanceof Error ? error : new Error(String(error)), undefined as never)
    this.#state.resolve('http:', options.host ?? '', Number(options.port ?? 80)).then(({ address, port }) => made(connect(port, address)), failed)
    return null
  }
}

function pinned(address: string): typeof lookup {
  const family = isIP(address)
  const answer: LookupFunction = (_hostname, options, callback) => (options.all ? callback(null, [{ address, family }]) : callback(null, address, family))
  return answer as typeof lookup
}
