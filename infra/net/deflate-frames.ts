import zlib from 'node:zlib'
import { HttpTrouble } from './http-failure.ts'
import { Pieces } from './pieces.ts'

/** What stands about a deflate stream (RFC 1951). */
export interface DeflateFrame {
  /** Where the stream begins; undefined: these bytes are no such frame. */
  dataAt(bytes: Uint8Array): number | undefined
  /** Of the check behind it. */
  trailerBytes: number
}

/** RFC 1952 §2.3. */
export const gzipFrame: DeflateFrame = { dataAt: gzipDataAt, trailerBytes: 8 }

/** RFC 1950 §2.2; its header has a check. */
export const zlibFrame: DeflateFrame = {
  dataAt: ([cmf = 0, flags = 0]) => ((cmf & 0x0f) === 8 && ((cmf << 8) | flags) % 31 === 0 ? 2 : undefined),
  trailerBytes: 4,
}

const framesMax = 100
const fixedBytes = 10
const [hasHeaderCheck, hasExtra, hasName, hasComment] = [2, 4, 8, 16]

function gzipDataAt(bytes: Uint8Array): number | undefined {
  const [a, b, method, flags = 0] = bytes
  if (a !== 0x1f || b !== 0x8b || method !== 8) return undefined
  let at = fixedBytes
  if (flags & hasExtra) at += 2 + (bytes[at] ?? 0) + ((bytes[at + 1] ?? 0) << 8)
  for (const flag of [hasName, hasComment]) if (flags & flag) at = bytes.indexOf(0, at) + 1 || bytes.length
  return flags & hasHeaderCheck ? at + 2 : at
}

interface Inflated {
  buffer: Buffer
  engine: { bytesWritten: number }
}

/** Nothing stands about it. */
export const bareFrame: DeflateFrame = { dataAt: ({ length }) => (length > 0 ? 0 : undefined), trailerBytes: 0 }

/** What a flush ends with, an empty stored block: some servers flush their last bytes, and never end the stream. */
const flushed = Buffer.of(0, 0, 0xff, 0xff)
const isFlushed = (bytes: Buffer): boolean => bytes.subarray(-flushed.length).equals(flushed)

/**
 * The whole streams in these bytes, whatever became of the checks behind them: browsers do not look at those, and some servers leave them out or send something
 * else in their place. One that ends with a flush is whole.
 * @throws HttpTrouble `too_large`, `bad_encoding`: there is none, or one is torn
 */
export async function inflateFrames(frame: DeflateFrame, bytes: Buffer, bytesMax: number): Promise<Buffer> {
  const streams = streamsIn(frame, bytes, bytesMax)
  let next = streams.next()
  while (!next.done) next = streams.next(await inflated(next.value, optionsFor(next.value, bytesMax)))
  return next.value
}

/** The same at once. */
export function inflateFramesSync(frame: DeflateFrame, bytes: Buffer, bytesMax: number): Buffer {
  const streams = streamsIn(frame, bytes, bytesMax)
  let next = streams.next()
  while (!next.done) next = streams.next(inflatedSync(next.value, optionsFor(next.value, bytesMax)))
  return next.value
}

/** Asks for each to be inflated. @returns all of them */
function* streamsIn({ dataAt, trailerBytes }: DeflateFrame, bytes: Buffer, bytesMax: number): Generator<Buffer, Buffer, Inflated> {
  const pieces = new Pieces()
  let rest = bytes
  for (let count = 0, at = dataAt(rest); at !== undefined; at = dataAt(rest), count++) {
    if (count === framesMax) throw new HttpTrouble('bad_encoding')
    const { buffer, engine } = yield rest.subarray(at)
    if (pieces.length + buffer.length > bytesMax) throw new HttpTrouble('too_large')
    pieces.add(buffer)
    rest = rest.subarray(at + engine.bytesWritten + trailerBytes)
  }
  return pieces.join()
}

const optionsFor = (bytes: Buffer, maxOutputLength: number): zlib.ZlibOptions & { maxOutputLength: number } => ({
  info: true,
  maxOutputLength,
  ...(isFlushed(bytes) && { finishFlush: zlib.constants.Z_SYNC_FLUSH }),
})

const troubleOf = (error: unknown): HttpTrouble => new HttpTrouble(isTooLarge(error) ? 'too_large' : 'bad_encoding', error)

async function inflated(bytes: Buffer, options: zlib.ZlibOptions): Promise<Inflated> {
  const { promise, resolve, reject } = Promise.withResolvers<Inflated>()
  zlib.inflateRaw(bytes, options, (error, result) => {
    if (error === null) resolve(result as unknown as Inflated)
    else reject(troubleOf(error))
  })
  return await promise
}

function inflatedSync(bytes: Buffer, options: zlib.ZlibOptions): Inflated {
  try {
    return zlib.inflateRawSync(bytes, options) as unknown as Inflated
  } catch (error) {
    throw troubleOf(error)
  }
}

/** What zlib says when its output has no room. */
export const isTooLarge = (error: unknown): boolean => error instanceof RangeError && (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
