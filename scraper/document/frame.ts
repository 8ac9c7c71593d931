import { readSync, writeSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'

/** One message between the pool and its readers: a value that can be cloned, and bytes. */
export interface Frame {
  value: unknown
  bytes: Uint8Array
}

/** Where a reader gets and gives frames, both ways: none of the standard streams, since whoever writes a line to one makes it a stream that does not wait. */
export const readerFd = 3

/** Length of the value, length of the bytes: 32 bits each, little-endian. Then both. */
const headBytes = 8
const noBytes = new Uint8Array()

/** The parts of a frame, to be written one after the other: the bytes are not copied. */
export function framed(value: unknown, bytes: Uint8Array = noBytes): [head: Buffer, bytes: Uint8Array] {
  const written = serialize(value)
  const head = Buffer.allocUnsafe(headBytes + written.length)
  head.writeUInt32LE(written.length, 0)
  head.writeUInt32LE(bytes.length, 4)
  written.copy(head, headBytes)
  return [head, bytes]
}

/** Puts frames together from chunks as they come. */
export class FrameReader {
  #into = Buffer.allocUnsafe(headBytes)
  #filled = 0
  #lengths: [value: number, bytes: number] | undefined;

  /** @returns the frames that end in this chunk */
  *push(chunk: Buffer): Generator<Frame> {
    for (let at = 0; at < chunk.length;) {
      const count = Math.min(chunk.length - at, this.#into.length - this.#filled)
      chunk.copy(this.#into, this.#filled, at, at + count)
      at += count
      this.#filled += count
      const frame = this.#filled === this.#into.length ? this.#turn() : undefined
      if (frame) yield frame
    }
  }

  /** After a head comes a frame, after a frame a head. */
  #turn(): Frame | undefined {
    const whole = this.#into
    this.#filled = 0
    if (this.#lengths) {
      const [valueBytes] = this.#lengths
      this.#lengths = undefined
      this.#into = Buffer.allocUnsafe(headBytes)
      return frameOf(whole, valueBytes)
    }
    this.#lengths = [whole.readUInt32LE(0), whole.readUInt32LE(4)]
    this.#into = Buffer.allocUnsafe(this.#lengths[0] + this.#lengths[1])
    return undefined
  }
}

const frameOf = (whole: Buffer, valueBytes: number): Frame => ({ value: deserialize(whole.subarray(0, valueBytes)), bytes: whole.subarray(valueBytes) })

/** Waits for the next frame. @returns undefined when there will be none */
export function readFrame(fd: number): Frame | undefined {
  const head = readWhole(fd, headBytes)
  const whole = head && readWhole(fd, head.readUInt32LE(0) + head.readUInt32LE(4))
  return whole && frameOf(whole, head.readUInt32LE(0))
}

function readWhole(fd: number, count: number): Buffer | undefined {
  const into = Buffer.allocUnsafeSlow(count)
  for (let at = 0; at < count;) {
    const read = readSync(fd, into, at, count - at, null)
    if (read === 0) return undefined
    at += read
  }
  return into
}

/** Waits until all is written. */
export function writeFrame(fd: number, value: unknown): void {
  const [head] = framed(value)
  for (let at = 0; at < head.length;) at += writeSync(fd, head, at)
}
