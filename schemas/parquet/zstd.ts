import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib'

const params = { [constants.ZSTD_c_compressionLevel]: 3 }

/** Compresses one input after another, each into a frame of its own. The result is only lent: the next call writes over it. */
export type ZstdCompressor = (input: Uint8Array) => Uint8Array

/** What a compression stream of Node 24 works with inside; no part of its documented interface. */
interface Engine {
  _handle?: {
    writeSync(flush: number, input: Uint8Array, inputAt: number, inputBytes: number, output: Uint8Array, outputAt: number, outputBytes: number): void
    reset(): void
  }
  /** What was left of the output's room by the last write, and of its input. */
  _writeState?: Uint32Array
}

/**
 * A compressor of level 3 that keeps its context and its room. Node's documented way, zstdCompressSync, makes both anew for each call: a tenth more CPU,
 * and megabytes of garbage a page, which bring on full collections of whatever heap the caller has. The bytes are the same.
 */
export function zstdCompressor(): ZstdCompressor & Disposable {
  const stream = createZstdCompress({ params })
  const { _handle: handle, _writeState: state } = stream as unknown as Engine
  let room = Buffer.allocUnsafeSlow(2 ** 20)
  const compress = (input: Uint8Array): Uint8Array => {
    if (!handle?.writeSync || !state || !process.version.startsWith('v24.')) return zstdCompress(input)
    const bound = roomFor(input)
    if (room.length < bound) room = Buffer.allocUnsafeSlow(Math.max(bound, 2 * room.length))
    handle.reset()
    handle.writeSync(constants.ZSTD_e_end, input, 0, input.length, room, 0, room.length)
    const [left = 0, unread = 1] = state
    if (unread > 0) throw new Error('the zstd engine did not take its whole input')
    return room.subarray(0, room.length - left)
  }
  return Object.assign(compress, { [Symbol.dispose]: () => stream.close() })
}

/** A frame of level 3. With room for the worst case the library works in one go, without buffers between. */
export const zstdCompress = (input: Uint8Array): Uint8Array => zstdCompressSync(input, { params, chunkSize: roomFor(input) })

/** At least ZSTD_compressBound. */
const roomFor = (input: Uint8Array): number => input.length + (input.length >> 8) + 1024
