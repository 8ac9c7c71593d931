import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A port of this machine that counts who comes, and answers nobody unless told to. */
export interface Listener extends AsyncDisposable {
  port: number
  /** Connections so far, on any address of the machine. */
  connections(): number
  /** Connections that are open now. */
  open(): number
}

/**
 * Listens on every IPv4 address of the machine and, on the same port, on IPv6 loopback where there is one.
 * @param greet what it does with a connection; default: silence
 */
export async function openListener(greet: (socket: Socket) => void = () => undefined): Promise<Listener> {
  const sockets = new Set<Socket>()
  let connections = 0
  const accept = (socket: Socket): void => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    // Who does not read does not notice that the other side has left.
    socket.resume()
    greet(socket)
  }
  const listen = async (host: string, port: number) => {
    const server = createServer(accept)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: host.includes(':') }, resolve)
    await promise
    return server
  }
  const v4 = await listen('0.0.0.0', 0)
  const { port } = v4.address() as AddressInfo
  const servers = [
    v4,
    ...(await listen('::1', port).then(
      (server) => [server],
      () => [],
    )),
  ]
  return {
    port,
    connections: () => connections,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}
