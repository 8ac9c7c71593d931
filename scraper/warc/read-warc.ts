import { pipeline } from 'node:stream/promises'
import { Readable, type Transform } from 'node:stream'
import { OrreryError } from '#schemas/errors.ts'
import { ByteReader } from '#infra/unpack/byte-reader.ts'
import { GzipTrouble, gunzipMembers } from './gunzip.ts'
import { headEnd } from './head-end.ts'
import { headerValue, parseHeaderLines, type HeaderLines } from '#infra/net/header-lines.ts'
import { beginsZstd, openZstd, ZstdTrouble } from '#infra/unpack/zstd-frames.ts'

/** A record of a WARC file (ISO 28500:2017, WARC/1.1; 0.16 to 1.0 read the same). */
export interface WarcRecord {
  /** n-th of its file, from 0; what has a header counts. */
  index: number
  /** `response`, `request`, `warcinfo`, … in lower case. */
  type: string
  headers: HeaderLines
  /** The block, or its first `blockBytesMax` bytes. Good until the next record is asked for, and longer if copied. */
  block: Uint8Array
  isCut: boolean
}

/** Bytes of a file that are passed over, since nothing can be made of them. */
export interface WarcFault {
  /** Of the record it is, or would be. */
  index: number
  /** Where it begins, unpacked. */
  offset: number
  problem: string
  /** Of the record, where they could be read. */
  headers?: HeaderLines
}

export interface WarcLimits {
  /** Largest part of a block that is kept. */
  blockBytesMax: number
  /** Records of any other type come with an empty block, passed over unread. All are read when absent. */
  types?: ReadonlySet<string>
  /** Told of each thing that is passed over, before the record that comes next. */
  onFault?(fault: WarcFault): void
}

const headerBytesMax = 64 * 1024
const recordBytesMax = 2 ** 40
const chunkBytes = 1 << 20
/** A file in whose beginning there is no record is something else. */
const beginBytesMax = 1 << 20
/** Unpacked bytes per packed byte of a whole file, beyond the first `ratioFreeBytes`. Text packs 3 to 10 times. */
const ratioMax = 200
const ratioFreeBytes = 64 * 2 ** 20
/** A WARC begins with a letter or a line end. */
const gzipMagic = 0x1f
const version = /^WARC\/\d+\.\d+[ \t]*$/
const beginning = Buffer.from('WARC/')
const nextLine = Buffer.from('\nWARC/')
/** Bytes that are read once more may be so many times as many as there are, beyond the first: all lengths may reach to the end of the file. */
const untakenMax = 16
const untakenFreeBytes = 64 * 2 ** 20
/** Enough for a version and the name of a header. */
const versionBytes = 64
/** A record within a block, which then is longer than it says. */
const swallowed = /\r?\n\r?\nWARC\/\d+\.\d+[ \t]*\r?\n(?=[\w-]+[ \t]*:)/

/**
 * The records of a WARC, plain, or packed with gzip or zstd (each record or the whole file, with a dictionary or without), in bounded memory. What is damaged
 * is told to `onFault`, and reading goes on with the next record that can be found: behind a length that is not true, at the next line or gzip member that
 * begins with a version. Lines may end in LF alone. A file without a record in its first MiB is not read further.
 * @throws OrreryError `invalid_record` where zstd cannot be unpacked, gzip is damaged all over, or anything unpacks beyond measure; the records before that were good
 */
export async function* readWarc(chunks: AsyncIterable<Uint8Array>, limits: WarcLimits): AsyncGenerator<WarcRecord, void, undefined> {
  const reader = new ByteReader(unpacked(chunks))
  try {
    yield* records(reader, limits)
  } catch (error) {
    if (!(error instanceof ZstdTrouble || error instanceof GzipTrouble || isZlibError(error))) throw error
    throw invalid(`it cannot be unpacked (${error.message})`, reader.offset, error)
  } finally {
    await reader.close()
  }
}

async function* records(reader: ByteReader, limits: WarcLimits): AsyncGenerator<WarcRecord, void, undefined> {
  let index = 0
  let good = 0
  const tell = (fault: Omit<WarcFault, 'index'>): void => limits.onFault?.({ index, ...fault })
  while (await nextRecord(reader, tell, good === 0)) {
    const offset = reader.offset
    const read = await readRecord(reader, index, limits)
    if ('problem' in read) {
      tell({ offset, ...read })
      // The gap that tore it is told with it.
      if (!(await reader.more())) reader.passGap()
    } else {
      good += 1
      yield read
    }
    index += 1
  }
}

/** Goes to the beginning of the next record. False: there is none, or none near the beginning of the file. */
async function nextRecord(reader: ByteReader, tell: (fault: Omit<WarcFault, 'index'>) => void, isBeginning: boolean): Promise<boolean> {
  for (;;) {
    if (await isAtRecord(reader)) return true
    const offset = reader.offset
    if (!(await reader.more())) {
      if (!reader.passGap()) return false
      tell({ offset, problem: 'a part of the file cannot be unpacked' })
    } else {
      tell({ offset, problem: 'no record begins here' })
      const isFound = await reader.skipTo(nextLine, isBeginning ? beginBytesMax : Infinity)
      if (isFound) await reader.skip(1)
      else if (isBeginning && (await reader.more())) return false
    }
  }
}

/** Records end in two line ends; some writers leave one more, or none. */
async function isAtRecord(reader: ByteReader): Promise<boolean> {
  for (let next = await reader.peek(1); next[0] === 0x0d || next[0] === 0x0a; next = await reader.peek(1)) await reader.skip(1)
  return (await reader.peek(beginning.length)).equals(beginning)
}

type ReadRecord = WarcRecord | Pick<WarcFault, 'problem' | 'headers'>

async function readRecord(reader: ByteReader, index: number, { blockBytesMax, types }: WarcLimits): Promise<ReadRecord> {
  const head = await reader.takeThrough((bytes) => headEnd(bytes)?.bodyStart ?? -1, headerBytesMax)
  if (!head) return { problem: 'its header has no end' }
  const [first = '', ...lines] = head.toString('utf8').split(/\r?\n/)
  if (!version.test(first)) return { problem: 'it does not begin with its version' }
  const headers = parseHeaderLines(lines)
  const length = lengthOf(headerValue(headers, 'content-length'))
  if (length === undefined) return { problem: 'it has no Content-Length that can be true', headers }
  const type = typeOf(headers)
  const keep = types === undefined || types.has(type) ? Math.min(length, blockBytesMax) : 0
  const block = await reader.take(keep)
  const isTorn = block.length < keep || (await reader.skip(length - keep)) < length - keep
  if ((isTorn || (keep === length && !(await isFollowed(reader)))) && block.length > 0) {
    const end = swallowed.exec(Buffer.concat([block, await reader.peek(versionBytes)]).toString('latin1'))?.index
    const isWorth = reader.untakenBytes < untakenFreeBytes + untakenMax * reader.offset
    if (end !== undefined && end <= block.length && isWorth) {
      reader.untake(block.subarray(end))
      return { index, type, headers, block: block.subarray(0, end), isCut: false }
    }
  }
  return isTorn ? { problem: 'it is torn', headers } : { index, type, headers, block, isCut: keep < length }
}

/** A record that does not say what it is, but holds a message of HTTP, is a response when that begins as one. */
function typeOf(headers: HeaderLines): string {
  const type = headerValue(headers, 'warc-type')?.toLowerCase()
  const isHttp = /^application\/http\b(?!.*msgtype\s*=\s*"?request)/i.test(headerValue(headers, 'content-type') ?? '')
  return type ?? (isHttp ? 'response' : '')
}

/** Whether another record, or nothing, comes next. */
const isFollowed = async (reader: ByteReader): Promise<boolean> => (await isAtRecord(reader)) || !(await reader.more())

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
  const isZstd = beginsZstd(first.value)
  if (byte !== gzipMagic && !isZstd) return yield* all()
  const unpacker = isZstd ? await zstdUnpacker(all()) : gunzipMembers(all())
  let bytes = 0
  for await (const chunk of unpacker as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > ratioFreeBytes && bytes > ratioMax * packedBytes) throw invalid('it unpacks beyond measure', bytes)
    yield chunk
  }
}

// What goes wrong in the source of an unpacker comes out of its iteration.
async function zstdUnpacker(chunks: AsyncIterable<Uint8Array>): Promise<Transform> {
  const { pieces, unpack } = await openZstd(chunks, chunkBytes)
  pipeline(Readable.from(pieces, { highWaterMark: 8 }), unpack).catch(() => undefined)
  return unpack
}

const isZlibError = (error: unknown): error is Error => error instanceof Error && /^(?:Z_|ZSTD_)/.test(String((error as NodeJS.ErrnoException).code))

function invalid(problem: string, offset: number, cause?: unknown): OrreryError {
  const message = `This WARC cannot be read on from byte ${offset} (unpacked): ${problem}; fetch it again, or take what came before.`
  return new OrreryError('invalid_record', message, { problem, offset }, cause)
}
