import { credentials, type ClientReadableStream, type ServiceClientConstructor } from '@grpc/grpc-js'
import { grpcOptions, grpcService } from './feed-grpc.ts'

/** `feed-grpc-client.ts PORT BLOCKS`: reads them all, and says how long it took. */
const [port = '', blocks = ''] = process.argv.slice(2)
const { Feed } = grpcService as unknown as { Feed: ServiceClientConstructor }
const start = performance.now()
const client = new Feed(`127.0.0.1:${port}`, credentials.createInsecure(), grpcOptions)
let bytes = 0
const stream = client['Stream']?.({ blocks: Number(blocks) }) as unknown as ClientReadableStream<{ framed: Buffer }>
for await (const { framed } of stream as AsyncIterable<{ framed: Buffer }>) bytes += framed.length - 64
client.close()
process.stdout.write(JSON.stringify({ seconds: (performance.now() - start) / 1000, bytes }))
