import { chunkSizeOf, codingOf, contentCodings, decodeAtOnce, unpackedBytesMax, type Coding } from './content-coding.ts'
import { inflateFrames } from './deflate-frames.ts'
import { failureReason, HttpTrouble } from './http-failure.ts'
import { Pieces } from './pieces.ts'

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

/** Told of decoded bytes as they come to be held; decoding goes on when it resolves. */
type Grow = (bytes: number) => Promise<void> | void

/** Shorter bodies are decoded at once: a trip to a thread costs more than they do. */
const syncBytesMax = 32 * 1024

const streamsMax = 1000

interface Layer {
  bytes: Buffer
  truncated: boolean
}

/**
 * Undoes the content codings of a body (`gzip`, `br`, `deflate`, `zstd`, at most three layers) within the caps of size, and of ratio over all layers. A body
 * that is not coded as its headers say is taken as it is: servers err, and archives may have undone it.
 * @param contentEncoding values of the header
 * @param cut the wire was not read to its end
 * @throws HttpTrouble `too_large`, `ratio_too_high`, `bad_encoding`; what `grow` rejects with
 */
export async function decodeBody(wire: Buffer, contentEncoding: readonly string[], caps: BodyCaps, cut: boolean, grow: Grow): Promise<DecodedBody> {
  if (contentEncoding.length === 0 || wire.length === 0) return { bytes: plain(wire), truncated: cut }
  const bytesMax = Math.min(caps.bytesMax, unpackedBytesMax(wire.length))
  let bytes = wire
  let truncated = cut
  try {
    for (const name of contentCodings(contentEncoding)) {
      const coding = codingOf(name, bytes)
      const layer = coding && (await undo(coding, bytes, { bytesMax, truncate: caps.truncate }, grow))
      truncated ||= layer?.truncated ?? false
      bytes = layer?.bytes ?? bytes
    }
  } catch (error) {
    const isByRatio = error instanceof HttpTrouble && error.reason === 'too_large' && bytesMax < caps.bytesMax
    throw isByRatio ? new HttpTrouble('ratio_too_high', error) : error
  }
  return { bytes: plain(bytes), truncated }
}

async function undo(coding: Coding, bytes: Buffer, caps: BodyCaps, grow: Grow): Promise<Layer> {
  try {
    if (caps.truncate || bytes.length > syncBytesMax || hasSeveral(coding, bytes)) return await decodeInPieces(coding, bytes, caps, grow)
    const whole = decodeAtOnce(coding, bytes, caps.bytesMax)
    await grow(whole.length)
    return { bytes: whole, truncated: false }
  } catch (error) {
    if (failureReason(error) !== 'bad_encoding') throw error
    // Text cannot be told from what has no mark by its first bytes.
    if (!coding.begins && isText(bytes)) return { bytes, truncated: false }
    if (!coding.frame) throw error
    const whole = await inflateFrames(coding.frame, bytes, caps.bytesMax)
    await grow(whole.length)
    return { bytes: whole, truncated: false }
  }
}

const hasSeveral = ({ mark }: Coding, bytes: Buffer): boolean => mark !== undefined && bytes.includes(mark, 1)

/** Each is at most one stream; where a mark is only data, cutting there does no harm. */
function* piecesOf({ mark }: Coding, bytes: Buffer): Generator<Buffer> {
  let from = 0
  let count = 0
  const after = (at: number): number => (mark === undefined ? -1 : bytes.indexOf(mark, at + 1))
  for (let next = after(0); next !== -1; next = after(next)) {
    if (++count === streamsMax) throw new HttpTrouble('bad_encoding')
    yield bytes.subarray(from, next)
    from = next
  }
  yield bytes.subarray(from)
}

/** It begins in ASCII, and has none of the control characters that no text has. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const isText = (bytes: Buffer): boolean => /^(?:\xef\xbb\xbf)?[\t-\r -~][^\x00-\x08\x0e-\x1a\x1c-\x1f]*$/.test(bytes.toString('latin1', 0, 512))

const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array => new Uint8Array(buffer, byteOffset, length)

/** In a thread, as fast as there is room for what comes of it. @throws HttpTrouble `too_large`, `bad_encoding`; what `grow` rejects with */
async function decodeInPieces(coding: Coding, bytes: Buffer, { bytesMax, truncate }: BodyCaps, grow: Grow): Promise<Layer> {
  const decoder = coding.stream({ chunkSize: chunkSizeOf(bytes.length), ...(truncate ? { finishFlush: coding.lenient } : {}) })
  const pieces = new Pieces()
  for (const piece of piecesOf(coding, bytes)) decoder.write(piece)
  decoder.end()
  for await (const chunk of decoded(decoder)) {
    const room = bytesMax - pieces.length
    if (chunk.length > room && !truncate) throw new HttpTrouble('too_large')
    pieces.add(chunk.subarray(0, room))
    if (chunk.length > room) return { bytes: pieces.join(), truncated: true }
    await grow(chunk.length)
  }
  return { bytes: pieces.join(), truncated: false }
}

/** @throws HttpTrouble `bad_encoding` */
async function* decoded(decoder: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* decoder
  } catch (error) {
    throw new HttpTrouble('bad_encoding', error)
  }
}
