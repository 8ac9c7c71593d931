import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, Readable, type Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { beginsZstd, openZstd } from '#infra/unpack/zstd-frames.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { FileBytes } from '#schemas/parquet/file-bytes.ts'

const chunkBytes = 2 ** 20
const gzipMagic = 0x1f
/** Unpacked bytes per packed byte of a whole file, beyond the first `ratioFreeBytes`. Text packs 3 to 10 times. */
const ratioMax = 200
const ratioFreeBytes = 64 * 2 ** 20

/** @throws OrreryError `not_found` */
export async function* bytesOf(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: chunkBytes, signal }) as AsyncIterable<Buffer>
  } catch (cause) {
    signal.throwIfAborted()
    throw new OrreryError('not_found', `${path} cannot be read (${(cause as Error).message}); check its path and rights.`, { path }, cause)
  }
}

/** What a file is known by: sha256 of its bytes. @throws OrreryError `not_found` */
export async function sha256OfFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of bytesOf(path, signal)) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * The bytes of a file, unpacked when they begin as gzip or zstd do, whatever it is called; members and frames one after the other are one stream.
 * @throws OrreryError `not_found`; Error for what cannot be unpacked, or unpacks beyond measure
 */
async function* unpackedBytesOf(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const start = await firstBytes(path, 4)
  const isGzip = start[0] === gzipMagic
  let packedBytes = 0
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of bytesOf(path, signal)) {
      packedBytes += chunk.length
      yield chunk
    }
  }
  if (!isGzip && !beginsZstd(start)) return yield* counted()
  let bytes = 0
  for await (const chunk of await unpacker(counted(), isGzip)) {
    bytes += chunk.length
    if (bytes > ratioFreeBytes && bytes > ratioMax * packedBytes) throw new Error('it unpacks beyond measure')
    yield chunk
  }
}

/** The same of a text, in UTF-8: what begins as UTF-16 does with its byte order mark (as Windows writes it) is written anew. @throws as `unpackedBytesOf` */
export async function* textBytesOf(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  let decoder: InstanceType<typeof TextDecoder> | undefined
  let isFirst = true
  for await (const chunk of unpackedBytesOf(path, signal)) {
    if (isFirst && isUtf16(chunk)) decoder = new TextDecoder(chunk[0] === 0xff ? 'utf-16le' : 'utf-16be')
    isFirst = false
    yield decoder ? Buffer.from(decoder.decode(chunk, { stream: true })) : chunk
  }
  if (decoder) yield Buffer.from(decoder.decode())
}

const isUtf16 = ([first, second]: Uint8Array): boolean => (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

async function unpacker(chunks: AsyncGenerator<Buffer>, isGzip: boolean): Promise<AsyncIterable<Buffer>> {
  if (isGzip) return piped(chunks, createGunzip({ chunkSize: chunkBytes }))
  const { pieces, unpack } = await openZstd(chunks, chunkBytes)
  return piped(pieces, unpack)
}

/** What goes wrong in the pieces comes out of the iteration. */
const piped = (pieces: AsyncIterable<Buffer>, unpack: Transform): Transform => pipeline(Readable.from(pieces, { highWaterMark: 4 }), unpack, () => undefined)

/** @throws OrreryError `not_found` */
async function firstBytes(path: string, count: number): Promise<Uint8Array> {
  for await (const chunk of bytesOf(path, new AbortController().signal)) return chunk.subarray(0, count)
  return new Uint8Array()
}

/** A file that is read by ranges, until it is disposed. @throws OrreryError `not_found` */
export async function openFileBytes(path: string): Promise<FileBytes & AsyncDisposable> {
  try {
    const file = await open(path)
    const { size } = await file.stat()
    return {
      byteLength: size,
      async slice(start, end) {
        const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(end, size) - start))
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
        return bytes.subarray(0, bytesRead)
      },
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (cause) {
    throw new OrreryError('not_found', `${path} cannot be read (${(cause as Error).message}); check its path and rights.`, { path }, cause)
  }
}
