import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import { HttpTrouble } from './http-failure.ts'

/** A content coding (RFC 9110 §8.4.1), to be undone. */
export interface Coding {
  sync(bytes: Buffer, options: { maxOutputLength: number; chunkSize: number }): Buffer
  stream(options: { chunkSize: number; finishFlush?: number }): Transform
  /** The `finishFlush` that tolerates a cut stream. */
  lenient: number
  /** Whether bytes begin as the coding does; undefined: it has no mark to begin with. */
  begins?(bytes: Uint8Array): boolean
}

const codingsMax = 3
const ratioMax = 200
const ratioFreeBytes = 1 << 20

/** What so many bytes of a wire may unpack to, over all layers together: 200 for one, beyond the first MiB. */
export const unpackedBytesMax = (wireBytes: number): number => Math.max(ratioFreeBytes, ratioMax * wireBytes)

/** Bytes of room made at a time: markup is packed to a quarter or so. */
export const chunkSizeOf = (packedBytes: number): number => Math.min(Math.max(packedBytes * 4, 16 * 1024), 64 * 1024)

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants
const gzip: Coding = { sync: zlib.gunzipSync, stream: zlib.createGunzip, lenient: Z_SYNC_FLUSH, begins: ([a, b]) => a === 0x1f && b === 0x8b }
const wrapped: Coding = { sync: zlib.inflateSync, stream: zlib.createInflate, lenient: Z_SYNC_FLUSH, begins: isZlib }
const bare: Coding = { sync: zlib.inflateRawSync, stream: zlib.createInflateRaw, lenient: Z_SYNC_FLUSH }
const brotli: Coding = { sync: zlib.brotliDecompressSync, stream: zlib.createBrotliDecompress, lenient: BROTLI_OPERATION_FLUSH }
const zstd: Coding = {
  sync: zlib.zstdDecompressSync,
  stream: zlib.createZstdDecompress,
  lenient: ZSTD_e_flush,
  begins: ([a, b]) => a === 0x28 && b === 0xb5,
}

/** The names of the codings to undo, last applied first. @param values of Content-Encoding @throws HttpTrouble `bad_encoding` for too many */
export function contentCodings(values: readonly string[]): string[] {
  const codings = values
    .join(',')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > codingsMax) throw new HttpTrouble('bad_encoding')
  return codings.toReversed()
}

/** @throws HttpTrouble `bad_encoding` for a name nobody knows */
export function codingOf(name: string, bytes: Uint8Array): Coding {
  if (name === 'gzip' || name === 'x-gzip') return gzip
  if (name === 'br') return brotli
  if (name === 'zstd') return zstd
  // Zlib by the standard (RFC 9110 §8.4.1.2) and bare deflate by habit.
  if (name === 'deflate') return isZlib(bytes) ? wrapped : bare
  throw new HttpTrouble('bad_encoding')
}

/** @throws HttpTrouble `too_large`, `bad_encoding` */
export function decodeAtOnce(coding: Coding, bytes: Buffer, bytesMax: number): Buffer {
  try {
    return coding.sync(bytes, { maxOutputLength: bytesMax, chunkSize: chunkSizeOf(bytes.length) })
  } catch (error) {
    throw new HttpTrouble(isTooLarge(error) ? 'too_large' : 'bad_encoding', error)
  }
}

const isTooLarge = (error: unknown): boolean => error instanceof RangeError && (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'

/** Its header has a check (RFC 1950 §2.2). */
function isZlib([cmf = 0, flags = 0]: Uint8Array): boolean {
  return (cmf & 0x0f) === 8 && ((cmf << 8) | flags) % 31 === 0
}
