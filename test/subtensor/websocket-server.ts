import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** One client of a loopback WebSocket server. */
export interface Peer {
  send(text: string): void
  /** Without a goodbye, as a cable that is cut. */
  drop(): void
}

export interface WebSocketServer extends AsyncDisposable {
  /** ws://127.0.0.1:… */
  url: string
  peers: ReadonlySet<Peer>
}

/** RFC 6455, as much of it as a JSON-RPC client needs: text frames, whole. */
export async function openWebSocketServer(receive: (text: string, peer: Peer) => void): Promise<WebSocketServer> {
  const server: Server = createServer()
  const sockets = new Map<Peer, Duplex>()
  server.on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    const peer: Peer = { send: (text) => void (socket.writable && socket.write(frame(Buffer.from(text)))), drop: () => socket.destroy() }
    sockets.set(peer, socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(peer))
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      for (let found = unframe(rest); found; found = unframe(rest)) {
        rest = rest.subarray(found.bytes)
        if (found.opcode === 1) receive(found.body.toString(), peer)
        else if (found.opcode === 8) socket.end(Buffer.of(0x88, 0))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get peers() {
      return new Set(sockets.keys())
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.values()) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function frame(body: Buffer): Buffer {
  const head = Buffer.alloc(10)
  head[0] = 0x81
  head[1] = 127
  head.writeBigUInt64BE(BigInt(body.length), 2)
  if (body.length < 126) return Buffer.concat([Buffer.of(0x81, body.length), body])
  return Buffer.concat([head, body])
}

function unframe(bytes: Buffer): { opcode: number; body: Buffer; bytes: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = (bytes[1] ?? 0) & 0x7f
  const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length < headBytes + 4) return undefined
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  const whole = headBytes + 4 + length
  if (bytes.length < whole) return undefined
  const mask = bytes.subarray(headBytes, headBytes + 4)
  const body = Buffer.from(bytes.subarray(headBytes + 4, whole).map((byte, at) => byte ^ (mask[at & 3] ?? 0)))
  return { opcode: (bytes[0] ?? 0) & 0x0f, body, bytes: whole }
}
