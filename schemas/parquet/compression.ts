import { zstdDecompressSync } from 'node:zlib'
import { zstdCompress } from './zstd.ts'

/** For hyparquet-writer, which has Snappy by itself. */
export const compressors = { ZSTD: zstdCompress }

/** For hyparquet, which has Snappy by itself. Never gives more than the page's header promised. */
export const decompressors = {
  ZSTD: (input: Uint8Array, outputBytes: number): Uint8Array => zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputBytes) }),
}
