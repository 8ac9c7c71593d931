import { zstdDecompressSync } from 'node:zlib'
import { zstdCompress } from './zstd.ts'

/** For hyparquet-writer, which has Snappy by itself. */
export const compressors = { ZSTD: zstdCompress }

/** Room that is made at once: for a page as ours are, and not for whatever a header promises. */
const roomMax = 4 * 2 ** 20

/** For hyparquet, which has Snappy by itself. Never gives more than the page's header promised. With room for all of it the library works in one go, without a trail of garbage. */
export const decompressors = {
  ZSTD: (input: Uint8Array, outputBytes: number): Uint8Array =>
    zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputBytes), chunkSize: Math.min(roomMax, outputBytes + 64) }),
}
