import { once } from 'node:events'
import { join } from 'node:path'
import { loadPackageDefinition, Server, ServerCredentials, type ServerWritableStream, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { Serving } from './feed.bench.ts'

interface Asked {
  blocks: number
}
interface Block {
  framed: Uint8Array
}

export const grpcOptions = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }
const definition = loadSync(join(import.meta.dirname, 'feed-grpc.proto'), { longs: Number })

/** The same frames as messages of a stream, with the backpressure that its writer asks for. */
export async function grpcBlocks(frames: readonly Uint8Array[]): Promise<Serving> {
  const server = new Server(grpcOptions)
  const stream = async (call: ServerWritableStream<Asked, Block>): Promise<void> => {
    for (let k = 0; k < call.request.blocks; k++) if (!call.write({ framed: frames[k % frames.length] as Uint8Array })) await once(call, 'drain')
    call.end()
  }
  server.addService(definition['bench.Feed'] as ServiceDefinition, { Stream: (call: ServerWritableStream<Asked, Block>) => void stream(call) })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  )
  return {
    port,
    client: [process.execPath, join(import.meta.dirname, 'feed-grpc-client.ts')],
    async close() {
      server.forceShutdown()
    },
  }
}

/** For the client, that runs in a process of its own. */
export const grpcService = loadPackageDefinition(definition)['bench']
