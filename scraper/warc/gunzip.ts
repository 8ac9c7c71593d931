import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, crc32, createInflateRaw, gunzipSync, inflateRawSync, type ZlibOptions } from 'node:zlib'
import { ByteReader, gap } from '#infra/unpack/byte-reader.ts'

/** Bytes of a file that are looked at for a whole member, first and then; longer members are unpacked as they come. */
const windowBytes = [64 * 1024, 1 << 20] as const
const memberBytesMax = 8 * 2 ** 20
const chunkBytes = 16 * 1024
/** Of members that are unpacked together. */
const batchBytes = 128 * 1024
const batchChunkBytes = 64 * 1024
const streamChunkBytes = 1 << 20
const headBytesMax = 64 * 1024
const trailerBytes = 8
/** What was unpacked in vain may be so many times as long as what was passed over, beyond the first bytes. */
const vainMax = 16
const vainFreeBytes = 64 * 2 ** 20
const magic = Buffer.of(0x1f, 0x8b, 0x08)
/** RFC 1952 §2.3.1; the others are reserved. */
const flags = { crc: 2, extra: 4, name: 8, comment: 16, known: 0x1f }

export class GzipTrouble extends Error {}

/**
 * Unpacks the members of a gzip file (RFC 1952) as one stream. Where a member is damaged, torn, or followed by bytes that are none, a `gap` stands in it, and
 * it goes on with the next member that there is.
 * @throws GzipTrouble where so much is damaged that the search for whole members would never end
 */
export async function* gunzipMembers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new ByteReader(chunks)
  /** Up to here something is wrong, so that they are unpacked one by one. */
  let singleUntil = 0
  let vainBytes = 0
  try {
    while (await reader.more()) {
      const batch = reader.offset < singleUntil ? undefined : wholeMembers(await reader.peek(batchBytes))
      if (batch?.contents) {
        yield batch.contents
        await reader.skip(batch.bytes)
        continue
      }
      if (batch) singleUntil = reader.offset + batch.bytes
      const member = yield* nextMember(reader)
      if (member === 'whole') continue
      vainBytes += member
      if (vainBytes > vainFreeBytes + vainMax * reader.offset) throw new GzipTrouble('it is damaged all over')
      yield gap
      await reader.skipTo(magic)
    }
  } finally {
    await reader.close()
  }
}

/** The members before the last that begins in these bytes, all in one: most files hold no others. Without contents where something is wrong with them. */
function wholeMembers(held: Buffer): { bytes: number; contents?: Buffer } | undefined {
  const bytes = held.lastIndexOf(magic)
  if (bytes <= 0) return undefined
  try {
    const { buffer, engine } = unpackedSync(gunzipSync, held.subarray(0, bytes), { chunkSize: batchChunkBytes })
    return engine.bytesWritten === bytes ? { bytes, contents: buffer } : { bytes }
  } catch {
    return { bytes }
  }
}

/** What came of a member; of one that is damaged, torn or none, how many bytes were unpacked for nothing. */
type Outcome = 'whole' | number

/** Yields its contents and passes over it, or over what is none. */
async function* nextMember(reader: ByteReader): AsyncGenerator<Uint8Array, Outcome, undefined> {
  for (const size of windowBytes) {
    const held = await reader.peek(size)
    const start = headLength(held)
    if (start === undefined) return (await reader.skip(1), (await isPadding(held, reader)) ? 'whole' : 0)
    const member = inflated(held.subarray(start))
    if (member === 'damaged') return (await reader.skip(1), held.length)
    if (member === 'long') continue
    const packed = held.subarray(start)
    if (member.bytes + trailerBytes <= packed.length) {
      const isGood = isChecked(member.contents, packed.subarray(member.bytes))
      if (isGood) yield member.contents
      await reader.skip(isGood ? start + member.bytes + trailerBytes : 1)
      return isGood ? 'whole' : member.bytes
    }
    if (held.length === size) continue
    // The file ends in it, or another member begins before it has ended.
    const isLast = packed.indexOf(magic) === -1
    if (isLast) yield member.contents
    await reader.skip(isLast ? held.length : 1)
    return held.length
  }
  return yield* longMember(reader)
}

/** Noughts may follow the last member, to fill a block of a tape. */
async function isPadding(held: Buffer, reader: ByteReader): Promise<boolean> {
  if (held[0] !== 0) return false
  for (let next = await reader.peek(1); next[0] === 0; next = await reader.peek(1)) await reader.skip(1)
  return true
}

/** Bytes before the packed ones; undefined when this is no member. */
function headLength(held: Buffer): number | undefined {
  const flag = held[3] ?? 0
  if (held.length < 10 || !held.subarray(0, 3).equals(magic) || flag > flags.known) return undefined
  let length = 10
  if ((flag & flags.extra) !== 0) length += 2 + (held.length < 12 ? 0 : held.readUInt16LE(10))
  for (const text of [flags.name, flags.comment]) if ((flag & text) !== 0) length = held.indexOf(0, length) + 1 || headBytesMax
  if ((flag & flags.crc) !== 0) length += 2
  return length < headBytesMax ? length : undefined
}

interface Inflated {
  contents: Buffer
  /** Packed. */
  bytes: number
}

function inflated(packed: Buffer): Inflated | 'long' | 'damaged' {
  try {
    const { buffer, engine } = unpackedSync(inflateRawSync, packed, { finishFlush: constants.Z_SYNC_FLUSH, chunkSize: chunkBytes })
    return { contents: buffer, bytes: engine.bytesWritten }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'long' : 'damaged'
  }
}

/** With how much of it was read. */
const unpackedSync = (unpack: typeof gunzipSync, packed: Buffer, options: ZlibOptions) =>
  unpack(packed, { ...options, info: true, maxOutputLength: memberBytesMax }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }

const isChecked = (contents: Buffer, trailer: Buffer): boolean =>
  trailer.readUInt32LE(0) === crc32(contents) && trailer.readUInt32LE(4) === contents.length % 2 ** 32

/** One that is longer than a window. What it does not need of the bytes it was given is given back. */
async function* longMember(reader: ByteReader): AsyncGenerator<Uint8Array, Outcome, undefined> {
  await reader.skip(headLength(await reader.peek(headBytesMax)) ?? 0)
  const inflate = createInflateRaw({ chunkSize: streamChunkBytes })
  const given: Buffer[] = []
  /** Of the first of them, behind the head. */
  let givenFrom = 0
  let broken: { error: unknown } | undefined
  const nextPiece = async (): Promise<Buffer> => await reader.take((await reader.peek(windowBytes[0])).length)
  const packed = (async function* () {
    for (;;) {
      const piece = await nextPiece().catch((error: unknown) => void (broken = { error }))
      if (!piece?.length) return
      given.push(piece)
      yield piece
    }
  })()
  const ending = pipeline(Readable.from(packed, { objectMode: false, highWaterMark: 1 }), inflate).catch(() => undefined)
  let [checksum, bytes, isDamaged] = [0, 0, false]
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      checksum = crc32(chunk, checksum)
      bytes += chunk.length
      yield chunk
      for (let [first] = given; first && givenFrom + first.length <= inflate.bytesWritten; [first] = given) {
        givenFrom += first.length
        given.shift()
      }
    }
  } catch {
    isDamaged = true
  } finally {
    inflate.destroy()
    await packed.return()
    await ending
  }
  if (broken) throw broken.error
  reader.untake(Buffer.concat(given).subarray(inflate.bytesWritten - givenFrom))
  if (isDamaged) return 0
  const trailer = await reader.take(trailerBytes)
  return trailer.length === trailerBytes && trailer.readUInt32LE(0) === checksum && trailer.readUInt32LE(4) === bytes % 2 ** 32 ? 'whole' : 0
}
