import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { HttpTrouble } from './http-failure.ts'

export interface BodyCaps {
  /** Largest body, on the wire and decoded. */
  bytesMax: number
  /** Give what fits instead of `too_large`, and what came of a stream that was cut. */
  truncate: boolean
}

export interface DecodedBody {
  bytes: Uint8Array
  truncated: boolean
}

interface Coding {
  sync(bytes: Buffer, options: { maxOutputLength: number; chunkSize: number }): Buffer
  async(bytes: Buffer, options: { maxOutputLength: number; chunkSize: number }): Promise<Buffer>
  stream(options: { chunkSize: number; finishFlush: number }): Transform
  /** The `finishFlush` that tolerates a cut stream. */
  lenient: number
}

const encodingsMax = 3
/** Decoded bytes per wire byte, beyond the first `ratioFreeBytes`. */
const ratioMax = 200
const ratioFreeBytes = 1 << 20
/** Shorter bodies are decoded at once: a trip to a thread costs more than they do. */
const syncBytesMax = 32 * 1024
/** Bytes of room made at a time: markup is packed to a quarter or so. */
const chunkSize = (wireBytes: number): number => Math.min(Math.max(wireBytes * 4, 16 * 1024), 64 * 1024)

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants
const gzip: Coding = { sync: zlib.gunzipSync, async: promisify(zlib.gunzip), stream: zlib.createGunzip, lenient: Z_SYNC_FLUSH }
const wrapped: Coding = { sync: zlib.inflateSync, async: promisify(zlib.inflate), stream: zlib.createInflate, lenient: Z_SYNC_FLUSH }
const bare: Coding = { sync: zlib.inflateRawSync, async: promisify(zlib.inflateRaw), stream: zlib.createInflateRaw, lenient: Z_SYNC_FLUSH }
const brotli: Coding = {
  sync: zlib.brotliDecompressSync,
  async: promisify(zlib.brotliDecompress),
  stream: zlib.createBrotliDecompress,
  lenient: BROTLI_OPERATION_FLUSH,
}
const zstd: Coding = { sync: zlib.zstdDecompressSync, async: promisify(zlib.zstdDecompress), stream: zlib.createZstdDecompress, lenient: ZSTD_e_flush }

/**
 * Undoes the content codings of a body (`gzip`, `br`, `deflate`, `zstd`, at most three layers), each within the caps of size and ratio.
 * @param cut the wire was not read to its end
 * @throws HttpTrouble `too_large`, `ratio_too_high`, `bad_encoding`
 */
export async function decodeBody(wire: Buffer, contentEncoding: string | undefined, caps: BodyCaps, cut: boolean): Promise<DecodedBody> {
  if (contentEncoding === undefined || wire.length === 0) return { bytes: plain(wire), truncated: cut }
  let bytes = wire
  let truncated = cut
  for (const name of contentCodings(contentEncoding)) {
    const coding = codingOf(name, bytes)
    const decoded = caps.truncate ? await decodeHead(coding, bytes, caps.bytesMax) : await decodeWhole(coding, bytes, caps.bytesMax, wire.length)
    truncated ||= decoded.truncated
    bytes = decoded.bytes
  }
  return { bytes: plain(bytes), truncated }
}

const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array => new Uint8Array(buffer, byteOffset, length)

async function decodeWhole(coding: Coding, bytes: Buffer, bytesMax: number, wireBytes: number): Promise<{ bytes: Buffer; truncated: false }> {
  const ratioBytes = Math.max(ratioFreeBytes, ratioMax * wireBytes)
  const options = { maxOutputLength: Math.min(bytesMax, ratioBytes), chunkSize: chunkSize(bytes.length) }
  try {
    return { bytes: bytes.length <= syncBytesMax ? coding.sync(bytes, options) : await coding.async(bytes, options), truncated: false }
  } catch (error) {
    if (isTooLarge(error)) throw new HttpTrouble(ratioBytes < bytesMax ? 'ratio_too_high' : 'too_large')
    throw new HttpTrouble('bad_encoding', error)
  }
}

/** The first `bytesMax` bytes, whatever comes after them. */
async function decodeHead(coding: Coding, bytes: Buffer, bytesMax: number): Promise<{ bytes: Buffer; truncated: boolean }> {
  const decoder = coding.stream({ chunkSize: chunkSize(bytes.length), finishFlush: coding.lenient })
  const chunks: Buffer[] = []
  let room = bytesMax
  decoder.end(bytes)
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
      room -= chunk.length
      if (room < 0) break
    }
  } catch (error) {
    throw new HttpTrouble('bad_encoding', error)
  }
  return { bytes: Buffer.concat(chunks), truncated: room < 0 }
}

const isTooLarge = (error: unknown): boolean => error instanceof RangeError && (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'

/** The codings to undo, last applied first. @throws HttpTrouble `bad_encoding` for too many */
function contentCodings(header: string): string[] {
  const codings = header
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > encodingsMax) throw new HttpTrouble('bad_encoding')
  return codings.toReversed()
}

/** @throws HttpTrouble `bad_encoding` for a name nobody knows */
function codingOf(name: string, bytes: Buffer): Coding {
  if (name === 'gzip' || name === 'x-gzip') return gzip
  if (name === 'br') return brotli
  if (name === 'zstd') return zstd
  if (name === 'deflate') return isZlib(bytes) ? wrapped : bare
  throw new HttpTrouble('bad_encoding')
}

/** `deflate` is zlib by the standard (RFC 9110 §8.4.1.2) and bare deflate by habit: the header of zlib has a check (RFC 1950 §2.2). */
function isZlib(bytes: Buffer): boolean {
  const [cmf = 0, flags = 0] = bytes
  return (cmf & 0x0f) === 8 && ((cmf << 8) | flags) % 31 === 0
}
