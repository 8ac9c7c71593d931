import type { Socket } from 'node:net'
import { readAnswerHead, type AnswerHead } from './answer-head.ts'
import { HttpTrouble } from './http-failure.ts'

/** Of a head, of the heads of interim answers together, and of the trailer of a body. */
const headBytesMax = 32 * 1024
/** Of the line before a chunk, its extensions included. */
const sizeLineBytesMax = 1024
const sizeLine = /^[ \t]*([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?\r*$/
const [cr, lf] = [0x0d, 0x0a]
const nothing = Buffer.alloc(0)
const lastChunk = Buffer.from('0\r\n\r\n')

/** Takes bytes from the beginning of some. @returns how many; 0: more must come before any is taken */
type Phase = (bytes: Buffer) => number

/**
 * The answers of one HTTP/1 connection, made such that a strict parser (llhttp, in undici) reads what browsers read: heads are those of `readAnswerHead`, the
 * lines of chunks may end in LF alone and hold white space, interim answers (1xx) are left out. What is not HTTP passes as it is, for the parser to refuse.
 */
export class AnswerWire {
  #kept: Buffer = nothing
  #made: Buffer[] = []
  /** Of the body, or of the chunk, that are still to come. */
  #leftBytes = 0
  /** Of interim answers, or of a trailer. */
  #passedBytes = 0

  /** Why nothing more can be read: `bad_response`, `headers_too_large`, `too_large`. */
  trouble: Error | undefined

  /** @returns what the parser is to see now */
  take(chunk: Buffer): Buffer {
    let bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    this.#kept = nothing
    try {
      for (let taken = 1; bytes.length > 0 && taken > 0 && !this.trouble; bytes = bytes.subarray(taken)) {
        taken = this.#phase(bytes)
        if (taken === 0) this.#kept = bytes
      }
    } catch (error) {
      this.trouble = error as Error
    }
    return this.#give()
  }

  /** The connection has ended. A last chunk without the empty line behind it is one too. @returns what the parser is to see before its end */
  end(): Buffer {
    if (this.#phase === this.#trailer) this.#made.push(lastChunk)
    if (this.#phase === this.#head) this.#made.push(this.#kept)
    return this.#give()
  }

  #give(): Buffer {
    const [first = nothing, ...others] = this.#made
    const whole = others.length === 0 ? first : Buffer.concat(this.#made)
    this.#made = []
    return whole
  }

  readonly #head: Phase = (bytes) => {
    let at = 0
    while (bytes[at] === cr || bytes[at] === lf) at++
    if (at > 0) return at
    if (!mayBegin(bytes)) {
      this.#phase = this.#foreign
      return this.#foreign(bytes)
    }
    const end = endOfHead(bytes)
    if ((end || bytes.length) > headBytesMax) throw new HttpTrouble('headers_too_large')
    const head = end === 0 ? undefined : readAnswerHead(bytes.toString('latin1', 0, end))
    if (end === 0) return 0
    if (!head) return (this.#phase = this.#foreign)(bytes)
    // Nobody asked to go on (100) or to change to another protocol (101).
    if (head.status === 101) throw new HttpTrouble('bad_response')
    if (head.status < 200) this.#pass(end)
    else this.#answer(head)
    return end
  }

  #answer({ text, framing }: AnswerHead): void {
    this.#passedBytes = 0
    this.#made.push(Buffer.from(text, 'latin1'))
    if (framing === 'chunked') this.#phase = this.#size
    else if (framing === 'close') this.#phase = this.#foreign
    else if (framing > 0) {
      this.#leftBytes = framing
      this.#phase = this.#body
    }
  }

  readonly #body: Phase = (bytes) => {
    const part = bytes.subarray(0, this.#leftBytes)
    this.#made.push(part)
    this.#leftBytes -= part.length
    if (this.#leftBytes === 0) this.#phase = this.#head
    return part.length
  }

  /** The line before a chunk. */
  readonly #size: Phase = (bytes) => {
    const end = bytes.indexOf(lf)
    if ((end === -1 ? bytes.length : end) > sizeLineBytesMax) throw new HttpTrouble('bad_response')
    if (end === -1) return 0
    const size = sizeLine.exec(bytes.toString('latin1', 0, end))?.[1]
    if (size === undefined) throw new HttpTrouble('bad_response')
    this.#leftBytes = Number.parseInt(size, 16)
    this.#phase = this.#leftBytes === 0 ? this.#trailer : this.#chunk
    return end + 1
  }

  readonly #chunk: Phase = (bytes) => {
    const part = bytes.subarray(0, this.#leftBytes)
    this.#made.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
    this.#leftBytes -= part.length
    if (this.#leftBytes === 0) this.#phase = this.#chunkEnd
    return part.length
  }

  readonly #chunkEnd: Phase = (bytes) => {
    const at = bytes[0] === cr ? 1 : 0
    if (bytes.length === at) return 0
    if (bytes[at] !== lf) throw new HttpTrouble('bad_response')
    this.#phase = this.#size
    return at + 1
  }

  /** Header lines behind a body, which nobody needs, through the empty one. */
  readonly #trailer: Phase = (bytes) => {
    const end = bytes.indexOf(lf)
    this.#pass(end === -1 ? 0 : end + 1, end === -1 ? bytes.length : 0)
    if (end === -1) return 0
    if (end === 0 || (end === 1 && bytes[0] === cr)) {
      this.#made.push(lastChunk)
      this.#passedBytes = 0
      this.#phase = this.#head
    }
    return end + 1
  }

  /** Passes over lines. @throws HttpTrouble `headers_too_large` */
  #pass(bytes: number, waiting = 0): void {
    this.#passedBytes += bytes
    if (this.#passedBytes + waiting > headBytesMax) throw new HttpTrouble('headers_too_large')
  }

  readonly #foreign: Phase = (bytes) => {
    this.#made.push(bytes)
    return bytes.length
  }

  #phase: Phase = this.#head
}

/** Whether an answer may begin with these bytes: `HTTP/` or `ICY `, in letters of either size. */
function mayBegin(bytes: Buffer): boolean {
  const text = bytes.toString('latin1', 0, 5).toUpperCase()
  return 'HTTP/'.startsWith(text) || text.startsWith('ICY ') || 'ICY '.startsWith(text)
}

/** Behind the first empty line; 0 = there is none yet. */
function endOfHead(bytes: Buffer): number {
  for (let at = bytes.indexOf(lf); at !== -1; at = bytes.indexOf(lf, at + 1)) {
    let next = at + 1
    while (bytes[next] === cr) next++
    if (bytes[next] === lf) return next + 1
  }
  return 0
}

/** From now on the parser behind a socket sees its answers so. */
export function readLeniently(socket: Socket): void {
  const wire = new AnswerWire()
  // Sockets give what they read to their own `push`, as every Readable does: the one place where it can be changed without a copy or a stream more.
  const push = socket.push.bind(socket)
  socket.push = (chunk: Buffer | null) => {
    const bytes = chunk === null ? wire.end() : wire.take(chunk)
    const mayGoOn = bytes.length === 0 || push(bytes)
    // What came before is read first.
    if (wire.trouble) setImmediate(() => socket.destroy(wire.trouble))
    return chunk === null ? push(null) : mayGoOn
  }
}
