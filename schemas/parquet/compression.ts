import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

const level = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }

/** For hyparquet-writer, which has Snappy by itself. */
export const compressors = { ZSTD: (input: Uint8Array): Uint8Array => zstdCompressSync(input, level) }

/** For hyparquet, which has Snappy by itself. Never gives more than the page's header promised. */
export const decompressors = {
  ZSTD: (input: Uint8Array, outputBytes: number): Uint8Array => zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputBytes) }),
}
