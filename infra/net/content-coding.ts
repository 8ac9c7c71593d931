import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import { bareFrame, gzipFrame, isTooLarge, zlibFrame, type DeflateFrame } from './deflate-frames.ts'
import { HttpTrouble } from './http-failure.ts'

/** A content coding (RFC 9110 §8.4.1), to be undone. */
export interface Coding {
  sync(bytes: Buffer, options: { maxOutputLength: number; chunkSize: number }): Buffer
  stream(options: { chunkSize: number; finishFlush?: number }): Transform
  /** The `finishFlush` that tolerates a cut stream. */
  lenient: number
  /** Whether bytes begin as the coding does; undefined: it has no mark to begin with. */
  begins?(bytes: Uint8Array): boolean
  /** What stands about its deflate streams. */
  frame?: DeflateFrame
  /** Several streams may follow one another, each beginning so; its decoder forgets what comes behind the end of one in the same piece. */
  mark?: Buffer
}

const codingsMax = 3
/** In one header line. */
const namesMax = 100
const ratioMax = 200
const ratioFreeBytes = 1 << 20

/** What so many bytes of a wire may unpack to, over all layers together: 200 for one, beyond the first MiB. */
export const unpackedBytesMax = (wireBytes: number): number => Math.max(ratioFreeBytes, ratioMax * wireBytes)

/** Bytes of room made at a time: markup is packed to a quarter or so. */
export const chunkSizeOf = (packedBytes: number): number => Math.min(Math.max(packedBytes * 4, 16 * 1024), 64 * 1024)

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants
const gzip: Coding = {
  sync: zlib.gunzipSync,
  stream: zlib.createGunzip,
  lenient: Z_SYNC_FLUSH,
  begins: ([a, b]) => a === 0x1f && b === 0x8b,
  frame: gzipFrame,
}
const wrapped: Coding = {
  sync: zlib.inflateSync,
  stream: zlib.createInflate,
  lenient: Z_SYNC_FLUSH,
  begins: (bytes) => zlibFrame.dataAt(bytes) !== undefined,
  frame: zlibFrame,
}
const bare: Coding = { sync: zlib.inflateRawSync, stream: zlib.createInflateRaw, lenient: Z_SYNC_FLUSH, frame: bareFrame }
const brotli: Coding = { sync: zlib.brotliDecompressSync, stream: zlib.createBrotliDecompress, lenient: BROTLI_OPERATION_FLUSH }
const zstd: Coding = {
  sync: zlib.zstdDecompressSync,
  stream: zlib.createZstdDecompress,
  lenient: ZSTD_e_flush,
  begins: ([a, b]) => a === 0x28 && b === 0xb5,
  mark: Buffer.of(0x28, 0xb5, 0x2f, 0xfd),
}

/** By name: of what kinds it may be. Deflate is zlib by the standard (RFC 9110 §8.4.1.2) and bare by habit. */
const kinds = new Map<string, readonly Coding[]>([
  ['gzip', [gzip]],
  ['x-gzip', [gzip]],
  ['deflate', [wrapped, bare]],
  ['br', [brotli]],
  ['zstd', [zstd]],
])

/**
 * The names of the codings to undo, last applied first. Others (`none`, `utf-8`, `aws-chunked`) leave the bytes as they are (Fetch, "handle content codings").
 * @param values of Content-Encoding
 * @throws HttpTrouble `bad_encoding` for too many
 */
export function contentCodings(values: readonly string[]): string[] {
  const names = values.flatMap((value) => value.toLowerCase().split(',', namesMax)).map((name) => name.replace(/;.*/, '').trim())
  const codings = names.filter((name) => kinds.has(name))
  if (codings.length > codingsMax) throw new HttpTrouble('bad_encoding')
  return codings.toReversed()
}

/** What undoes a coding; undefined: these bytes do not begin as it does, so they are not coded, or somebody undid it before. */
export const codingOf = (name: string, bytes: Uint8Array): Coding | undefined => kinds.get(name)?.find(({ begins }) => begins?.(bytes) ?? true)

/** @throws HttpTrouble `too_large`, `bad_encoding` */
export function decodeAtOnce(coding: Coding, bytes: Buffer, bytesMax: number): Buffer {
  try {
    return coding.sync(bytes, { maxOutputLength: bytesMax, chunkSize: chunkSizeOf(bytes.length) })
  } catch (error) {
    throw new HttpTrouble(isTooLarge(error) ? 'too_large' : 'bad_encoding', error)
  }
}
