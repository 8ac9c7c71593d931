import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { listen } from '#infra/net/server.ts'
import { goldenDataset } from '#test/golden/bridge.ts'
import { median, medianRatio, type Bench, type Contestant, type Sample } from './bench.ts'
import { benchFeed, type BenchFeed } from './feed-blocks.ts'
import { grpcBlocks } from './feed-grpc.ts'
import { findPython } from './python.ts'

/** One server process to one client over the loopback: blocks by the feed's stream, by plain TCP, by grpc-js. CPU is that of the server alone. */
const MiB = 2 ** 20
const bytesOf = (quick: boolean): number => (quick ? 256 : 2048) * MiB

/** Serves on a port and runs the client. */
export interface Serving {
  port: number
  /** Arguments of the client before port and blocks. */
  client: readonly string[]
  close(): Promise<void>
}

function serving(blockBytes: number, distinct: number, serve: (feed: BenchFeed) => Promise<Serving>): Contestant {
  let feed: BenchFeed
  let server: Serving
  return {
    async setUp() {
      feed = await benchFeed(blockBytes, distinct)
      server = await serve(feed)
      await askFor(server, distinct)
    },
    async run(quick) {
      const before = process.cpuUsage()
      const { seconds, bytes } = await askFor(server, bytesOf(quick) / blockBytes)
      const { user, system } = process.cpuUsage(before)
      return { seconds, bytes, cpu: (user + system) / 1e6 }
    },
    async tearDown() {
      await server.close()
      await feed[Symbol.asyncDispose]()
    },
  }
}

async function askFor({ port, client: [command = '', ...args] }: Serving, blocks: number): Promise<{ seconds: number; bytes: number }> {
  const child = spawn(command, [...args, String(port), String(blocks)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const output = await Array.fromAsync(child.stdout as AsyncIterable<Buffer>)
  if (child.exitCode === null) await once(child, 'close')
  return JSON.parse(Buffer.concat(output).toString()) as { seconds: number; bytes: number }
}

const python = async (kind: string): Promise<string[]> => [
  (await findPython({ packages: ['json'], install: false })) ?? 'python3',
  join(import.meta.dirname, 'feed-client.py'),
  kind,
]

function* turns(count: number, distinct: number): Generator<number> {
  for (let k = 0; k < count; k++) yield k % distinct
}

/** The stream of the epoch, asked for again where it ends. */
const feed = (blockBytes: number, distinct: number): Contestant =>
  serving(blockBytes, distinct, async ({ app }) => {
    const { origin } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'bench' })
    // Ended with the bridge.
    return { port: Number(new URL(origin).port), client: await python(`http:/v1/jobs/${goldenDataset}/stream`), close: async () => undefined }
  })

const framesOf = ({ framed }: BenchFeed, distinct: number): Promise<Buffer[]> => Promise.all(Array.from({ length: distinct }, (_, k) => framed(k)))

/** The same frames, ready in memory, written to a socket as fast as it takes them. */
const tcp = (blockBytes: number, distinct: number): Contestant =>
  serving(blockBytes, distinct, async (made) => {
    const frames = await framesOf(made, distinct)
    const server = createTcpServer({ noDelay: true }, (socket) => {
      socket.once('data', (asked: Buffer) => {
        const order = turns(Number(asked.readBigUInt64LE()), distinct)
        const framed = function* () {
          for (const k of order) yield frames[k]
        }
        pipeline(Readable.from(framed(), { objectMode: false, highWaterMark: MiB }), socket).catch(() => socket.destroy())
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
    return { port: (server.address() as AddressInfo).port, client: await python('tcp'), close }
  })

const grpc = (blockBytes: number, distinct: number): Contestant => serving(blockBytes, distinct, async (made) => grpcBlocks(await framesOf(made, distinct)))

const mbPerSecond = ({ counts }: Sample): number => (counts['bytes'] ?? 0) / 1e6 / (counts['seconds'] ?? 1)
const mbPerCpuSecond = ({ counts }: Sample): number => (counts['bytes'] ?? 0) / 1e6 / (counts['cpu'] ?? 1)

/** Fewer than are kept ready, and more. */
const [ready, unread] = [56, 96]

export const bench: Bench = {
  contestants: {
    tcp_1mib: tcp(MiB, ready),
    feed_1mib: feed(MiB, ready),
    feed_1mib_unread: feed(MiB, unread),
    grpc_1mib: grpc(MiB, ready),
    tcp_64kib: tcp(MiB / 16, 16 * ready),
    feed_64kib: feed(MiB / 16, 16 * ready),
  },
  summarize({ tcp_1mib = [], feed_1mib = [], feed_1mib_unread = [], grpc_1mib = [], tcp_64kib = [], feed_64kib = [] }) {
    return {
      figures: {
        vs_raw_tcp_1mib: medianRatio(feed_1mib, tcp_1mib, mbPerSecond),
        vs_raw_tcp_64kib: medianRatio(feed_64kib, tcp_64kib, mbPerSecond),
        vs_raw_tcp_1mib_unread: medianRatio(feed_1mib_unread, tcp_1mib, mbPerSecond),
        vs_grpc_cpu: medianRatio(feed_1mib, grpc_1mib, mbPerCpuSecond),
        feed_mb_per_s: median(feed_1mib.map(mbPerSecond)),
        feed_mb_per_cpu_s: median(feed_1mib.map(mbPerCpuSecond)),
        feed_unread_mb_per_cpu_s: median(feed_1mib_unread.map(mbPerCpuSecond)),
        tcp_mb_per_s: median(tcp_1mib.map(mbPerSecond)),
        grpc_mb_per_cpu_s: median(grpc_1mib.map(mbPerCpuSecond)),
      },
    }
  },
}
