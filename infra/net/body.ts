import { pipeline } from 'node:stream/promises'
import { Duplex, Readable, Transform, Writable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import { HttpTrouble, type HttpFailureReason } from './http-failure.ts'

export interface BodyCaps {
  /** Largest body, on the wire and decoded. */
  bytesMax: number
  /** Decoded bytes per wire byte, beyond the first `ratioFreeBytes`. */
  ratioMax: number
  /** Give what fits instead of `too_large`. */
  truncate: boolean
}

export interface Body {
  bytes: Uint8Array
  wireBytes: number
  truncated: boolean
}

const ratioFreeBytes = 1 << 20
const encodingsMax = 3

/**
 * Reads a response body through its content encodings (`gzip`, `br`, `deflate`, `zstd`, at most three layers), never holding more than the cap.
 * @throws HttpTrouble `too_large`, `ratio_too_high`, `bad_encoding`; whatever the source throws
 */
export async function readBody(source: Readable, contentEncoding: string | undefined, caps: BodyCaps, signal: AbortSignal): Promise<Body> {
  const sink = new BodySink(caps)
  const layers = contentCodings(contentEncoding).map(decoderOf)
  try {
    await pipeline([source, sink.countWire(), ...layers, sink.collect()], { signal })
  } catch (error) {
    if (!sink.truncated) throw error
  }
  return { bytes: sink.bytes(), wireBytes: sink.wireBytes, truncated: sink.truncated }
}

class BodySink {
  wireBytes = 0
  truncated = false
  readonly #caps: BodyCaps
  readonly #chunks: Buffer[] = []
  #size = 0

  constructor(caps: BodyCaps) {
    this.#caps = caps
  }

  countWire(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, next) => {
        this.wireBytes += chunk.length
        if (this.wireBytes > this.#caps.bytesMax && !this.#caps.truncate) next(new HttpTrouble('too_large'))
        else next(null, chunk)
      },
    })
  }

  collect(): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, next) => {
        const trouble = this.#take(chunk)
        next(trouble === undefined ? null : new HttpTrouble(trouble))
      },
    })
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks))
  }

  #take(chunk: Buffer): HttpFailureReason | undefined {
    const { bytesMax, ratioMax, truncate } = this.#caps
    const room = bytesMax - this.#size
    if (chunk.length > room) {
      this.truncated = truncate
      if (truncate) this.#chunks.push(chunk.subarray(0, room))
      return 'too_large'
    }
    this.#size += chunk.length
    this.#chunks.push(chunk)
    return this.#size > ratioFreeBytes && this.#size > ratioMax * this.wireBytes ? 'ratio_too_high' : undefined
  }
}

/** The codings to undo, last applied first. @throws HttpTrouble `bad_encoding` for one nobody knows, or too many */
function contentCodings(header: string | undefined): string[] {
  const codings = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > encodingsMax) throw new HttpTrouble('bad_encoding')
  return codings.toReversed()
}

function decoderOf(coding: string): Duplex {
  if (coding === 'gzip' || coding === 'x-gzip') return createGunzip()
  if (coding === 'br') return createBrotliDecompress()
  if (coding === 'zstd') return createZstdDecompress()
  if (coding === 'deflate') return Duplex.from(inflateEither)
  throw new HttpTrouble('bad_encoding')
}

/** `deflate` is zlib by the standard (RFC 9110 §8.4.1.2) and bare deflate by habit: the first byte tells. */
async function* inflateEither(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const chunks = source[Symbol.asyncIterator]()
  const first = await chunks.next()
  if (first.done) return
  const inflate = ((first.value[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw()
  const rest = async function* () {
    yield first.value
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  }
  const input = Readable.from(rest(), { objectMode: false })
  input.once('error', (error) => inflate.destroy(error))
  yield* input.pipe(inflate) as AsyncIterable<Buffer>
}
