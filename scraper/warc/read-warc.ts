import { pipeline } from 'node:stream/promises'
import { Readable, type Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { OrreryError } from '#schemas/errors.ts'
import { ByteReader } from './byte-reader.ts'
import { headerValue, parseHeaderLines, type HeaderLines } from '#infra/net/header-lines.ts'
import { beginsZstd, openZstd, ZstdTrouble } from './zstd-frames.ts'

/** A record of a WARC file (ISO 28500:2017, WARC/1.1; 0.18 and 1.0 read the same). */
export interface WarcRecord {
  /** n-th of its file, from 0. */
  index: number
  /** `response`, `request`, `warcinfo`, … in lower case. */
  type: string
  headers: HeaderLines
  /** The block, or its first `blockBytesMax` bytes. Good until the next record is asked for, and longer if copied. */
  block: Uint8Array
  isCut: boolean
}

export interface WarcLimits {
  /** Largest part of a block that is kept. */
  blockBytesMax: number
  /** Records of any other type come with an empty block, passed over unread. All are read when absent. */
  types?: ReadonlySet<string>
}

const headerBytesMax = 64 * 1024
const recordBytesMax = 2 ** 40
const chunkBytes = 1 << 20
/** Unpacked bytes per packed byte of a whole file, beyond the first `ratioFreeBytes`. Text packs 3 to 10 times. */
const ratioMax = 200
const ratioFreeBytes = 64 * 2 ** 20
/** A WARC begins with a letter or a line end. */
const gzipMagic = 0x1f
const headerEnd = Buffer.from('\r\n\r\n')

/**
 * The records of a WARC, plain, or packed with gzip or zstd (each record or the whole file, with a dictionary or without), in bounded memory.
 * @throws OrreryError `invalid_record` where the file is no WARC, is torn, or unpacks beyond measure; the records before that were good
 */
export async function* readWarc(chunks: AsyncIterable<Uint8Array>, limits: WarcLimits): AsyncGenerator<WarcRecord, void, undefined> {
  const reader = new ByteReader(unpacked(chunks))
  try {
    for (let index = 0; await passBlankLines(reader); index++) yield await readRecord(reader, index, limits)
  } catch (error) {
    if (error instanceof OrreryError || !isZlibError(error)) throw error
    throw invalid(`it cannot be unpacked (${error.message})`, reader.offset, error)
  } finally {
    await reader.close()
  }
}

async function readRecord(reader: ByteReader, index: number, { blockBytesMax, types }: WarcLimits): Promise<WarcRecord> {
  const start = reader.offset
  const head = await reader.takeThrough(headerEnd, headerBytesMax)
  if (!head) throw invalid(`the header of record ${index} has no end`, start)
  const [version = '', ...lines] = head.toString('utf8').split('\r\n')
  if (!/^WARC\/\d+\.\d+$/.test(version)) throw invalid(`record ${index} does not begin with its version`, start)
  const headers = parseHeaderLines(lines)
  const length = lengthOf(headerValue(headers, 'content-length'))
  if (length === undefined) throw invalid(`record ${index} has no Content-Length that can be true`, start)
  const type = (headerValue(headers, 'warc-type') ?? '').toLowerCase()
  const keep = types === undefined || types.has(type) ? Math.min(length, blockBytesMax) : 0
  const block = await reader.take(keep)
  if (block.length < keep || (await reader.skip(length - keep)) < length - keep) throw invalid(`record ${index} is torn`, start)
  return { index, type, headers, block, isCut: keep < length }
}

/** Records end in two line ends; some writers leave one more, or none. False at the end of the file. */
async function passBlankLines(reader: ByteReader): Promise<boolean> {
  for (let byte = await reader.peek(); byte === 0x0d || byte === 0x0a; byte = await reader.peek()) await reader.skip(1)
  return reader.more()
}

function lengthOf(text: string | undefined): number | undefined {
  const length = /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN
  return length <= recordBytesMax ? length : undefined
}

/** By the first byte, whatever the file is called. Members one after the other are one stream. */
async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const source = chunks[Symbol.asyncIterator]()
  const first = await source.next()
  if (first.done) return
  let packedBytes = 0
  const all = async function* () {
    try {
      for (let next: IteratorResult<Uint8Array> = first; !next.done; next = await source.next()) {
        packedBytes += next.value.length
        yield next.value
      }
    } finally {
      await source.return?.()
    }
  }
  const [byte] = first.value
  const isZstd = beginsZstd(byte)
  if (byte !== gzipMagic && !isZstd) return yield* all()
  const unpacker = isZstd ? await zstdUnpacker(all()) : gzipUnpacker(all())
  let bytes = 0
  for await (const chunk of unpacker as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ratioFreeBytes && bytes > ratioMax * packedBytes) throw invalid('it unpacks beyond measure', bytes)
    yield chunk
  }
}

// What goes wrong in the source of an unpacker comes out of its iteration.
function gzipUnpacker(chunks: AsyncIterable<Uint8Array>): Transform {
  const gunzip = createGunzip({ chunkSize: chunkBytes })
  pipeline(Readable.from(chunks, { objectMode: false, highWaterMark: chunkBytes }), gunzip).catch(() => undefined)
  return gunzip
}

async function zstdUnpacker(chunks: AsyncIterable<Uint8Array>): Promise<Transform> {
  const { pieces, unpack } = await openZstd(chunks, chunkBytes)
  pipeline(Readable.from(pieces, { highWaterMark: 8 }), unpack).catch(() => undefined)
  return unpack
}

const isZlibError = (error: unknown): error is Error =>
  error instanceof ZstdTrouble || (error instanceof Error && /^(?:Z_|ZSTD_)/.test(String((error as NodeJS.ErrnoException).code)))

function invalid(problem: string, offset: number, cause?: unknown): OrreryError {
  const message = `This WARC cannot be read on from byte ${offset} (unpacked): ${problem}; fetch it again, or take what came before.`
  return new OrreryError('invalid_record', message, { problem, offset }, cause)
}
