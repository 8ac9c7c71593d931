import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib'

const params = { [constants.ZSTD_c_compressionLevel]: 3 }

/** Writes `input` compressed to `output` from `at` on, where there is room for `compressedBytesMax` of it. @returns its bytes there */
export type Compress = (input: Uint8Array, output: Uint8Array, at: number) => number

/** What a compression stream of Node 24 works with inside; no part of its documented interface. */
interface Engine {
  _handle?: {
    writeSync(flush: number, input: Uint8Array, inputAt: number, inputBytes: number, output: Uint8Array, outputAt: number, outputBytes: number): void
  }
  /** What the last write left of the output's room, and of its input. */
  _writeState?: Uint32Array
}

/**
 * Compresses one input after another at level 3, each to a frame of its own, in a context that is kept: the end of a frame makes it ready for the next.
 * Node's documented way, zstdCompressSync, makes context and room anew for each call: a tenth more CPU, and megabytes of garbage a page, which bring on
 * full collections of whatever heap the caller has. The bytes are the same; where the engine is another, it is taken.
 */
export function zstdCompressor(): Compress & Disposable {
  const stream = createZstdCompress({ params })
  const { _handle: handle, _writeState: state } = stream as unknown as Engine
  const isKnown = process.version.startsWith('v24.') && typeof handle?.writeSync === 'function' && state instanceof Uint32Array
  const compress: Compress = (input, output, at) => {
    if (!isKnown) return copyTo(zstdCompress(input), output, at)
    const room = output.length - at
    handle.writeSync(constants.ZSTD_e_end, input, 0, input.length, output, at, room)
    const [left = 0, unread = 1] = state
    if (unread > 0) throw new Error(`the zstd engine left ${unread} of ${input.length} bytes`)
    return room - left
  }
  return Object.assign(compress, { [Symbol.dispose]: () => stream.close() })
}

/** A frame of level 3. With room for the worst case the library works in one go, without buffers between. */
export const zstdCompress = (input: Uint8Array): Uint8Array => zstdCompressSync(input, { params, chunkSize: compressedBytesMax(input.length) })

/** Room for the worst case of zstd (ZSTD_compressBound) and of Snappy (32 + n + n ÷ 6). */
export const compressedBytesMax = (bytes: number): number => bytes + Math.ceil(bytes / 6) + 1024

export function copyTo(bytes: Uint8Array, output: Uint8Array, at: number): number {
  output.set(bytes, at)
  return bytes.length
}
