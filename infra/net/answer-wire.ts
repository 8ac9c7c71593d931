import type { Socket } from 'node:net'
import { readAnswerHead, type AnswerHead } from './answer-head.ts'
import { HttpTrouble } from './http-failure.ts'

/** Of a head, of the heads of interim answers together, and of the trailer of a body. */
const headBytesMax = 32 * 1024
/** Of the line before a chunk, its extensions included. */
const sizeLineBytesMax = 1024
const sizeLine = /^[ \t]*0*([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?\r*$/
/** HTTP/1.0 has no chunks: proxies pass on the header without them, and browsers do not look at it. */
const old = /^HTTP\/1\.0/i
const chunkedLine = /\ntransfer-encoding[ \t]*:[^\n]*(?=\n)/gi
const sizeStart = /^[ \t\da-f]/i
const [cr, lf] = [0x0d, 0x0a]
const nothing = Buffer.alloc(0)
const emptyLine = Buffer.from('\r\n')

/** Reads bytes from an index on. @returns where it came to; the same index: more must come first */
type Phase = (bytes: Buffer, at: number) => number

/**
 * The answers of one HTTP/1 connection, made such that a strict parser (llhttp, in undici) reads what browsers read: heads are those of `readAnswerHead`, the
 * lines of chunks may end in LF alone and hold white space, interim answers (1xx) and trailers are left out. What is strict already passes as it came, and so
 * does what is not HTTP at all, for the parser to refuse.
 */
export class AnswerWire {
  /** Why nothing more can be read: `bad_response`, `headers_too_large`, `too_large`. */
  trouble: Error | undefined
  /** Came, but not enough of it. */
  #kept: Buffer = nothing
  #made: Buffer[] = []
  /** Where those bytes begin that are to pass as they came. */
  #from = 0
  /** Of the body, or of the chunk, that are still to come. */
  #leftBytes = 0
  /** Of interim answers, or of a trailer. */
  #passedBytes = 0

  /** @returns what the parser is to see now */
  take(chunk: Buffer): Buffer {
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    let at = 0
    this.#from = 0
    try {
      for (let next = this.trouble ? 0 : this.#phase(bytes, 0); next > at; next = at < bytes.length ? this.#phase(bytes, at) : at) at = next
    } catch (error) {
      this.trouble = error as Error
    }
    this.#kept = at < bytes.length && !this.trouble ? bytes.subarray(at) : nothing
    if (this.#made.length === 0 && at === bytes.length && this.#from === 0) return bytes
    this.#replace(bytes, at, at, '')
    const made = Buffer.concat(this.#made)
    this.#made = []
    return made
  }

  /** The connection has ended. A last chunk without the empty line behind it is one too. @returns what the parser is to see before its end */
  end(): Buffer {
    if (this.#phase === this.#trailer) return emptyLine
    return this.#phase === this.#head ? this.#kept : nothing
  }

  #replace(bytes: Buffer, at: number, end: number, by: string): number {
    if (at > this.#from) this.#made.push(bytes.subarray(this.#from, at))
    if (by !== '') this.#made.push(Buffer.from(by, 'latin1'))
    this.#from = end
    return end
  }

  readonly #head: Phase = (bytes, at) => {
    let begin = at
    while (bytes[begin] === cr || bytes[begin] === lf) begin++
    if (begin > at) return this.#replace(bytes, at, begin, '')
    if (!mayBegin(bytes, at)) return (this.#phase = this.#foreign)(bytes, at)
    const end = endOfHead(bytes, at)
    if ((end || bytes.length) - at > headBytesMax) throw new HttpTrouble('headers_too_large')
    if (end === 0) return at
    const text = bytes.toString('latin1', at, end)
    let head = readAnswerHead(text)
    if (head?.framing === 'chunked' && old.test(text)) {
      if (end === bytes.length) return at
      if (!sizeStart.test(bytes.toString('latin1', end, end + 1))) head = readAnswerHead(text.replace(chunkedLine, ''))
    }
    if (!head) return (this.#phase = this.#foreign)(bytes, at)
    // Nobody asked to go on (100) or for another protocol (101).
    if (head.status === 101) throw new HttpTrouble('bad_response')
    if (head.status < 200) return this.#leaveOut(bytes, at, end)
    this.#begin(head)
    return head.text === text ? end : this.#replace(bytes, at, end, head.text)
  }

  #begin({ framing }: AnswerHead): void {
    this.#passedBytes = 0
    this.#leftBytes = typeof framing === 'number' ? framing : 0
    if (framing === 'chunked') this.#phase = this.#size
    else if (framing === 'close') this.#phase = this.#foreign
    else if (framing > 0) this.#phase = this.#body
  }

  readonly #foreign: Phase = (bytes) => bytes.length

  readonly #body: Phase = (bytes, at) => {
    const end = Math.min(at + this.#leftBytes, bytes.length)
    this.#leftBytes -= end - at
    if (this.#leftBytes === 0) this.#phase = this.#head
    return end
  }

  /** The line before a chunk. */
  readonly #size: Phase = (bytes, at) => {
    const lineEnd = bytes.indexOf(lf, at)
    if ((lineEnd === -1 ? bytes.length : lineEnd) - at > sizeLineBytesMax) throw new HttpTrouble('bad_response')
    if (lineEnd === -1) return at
    const line = bytes.toString('latin1', at, lineEnd)
    const size = sizeLine.exec(line)?.[1]
    if (size === undefined) throw new HttpTrouble('bad_response')
    this.#leftBytes = Number.parseInt(size, 16)
    this.#phase = this.#leftBytes === 0 ? this.#trailer : this.#chunk
    return line.length === size.length + 1 && line.endsWith('\r') ? lineEnd + 1 : this.#replace(bytes, at, lineEnd + 1, `${size}\r\n`)
  }

  readonly #chunk: Phase = (bytes, at) => {
    const end = Math.min(at + this.#leftBytes, bytes.length)
    this.#leftBytes -= end - at
    if (this.#leftBytes === 0) this.#phase = this.#chunkEnd
    return end
  }

  readonly #chunkEnd: Phase = (bytes, at) => {
    const end = bytes[at] === cr ? at + 2 : at + 1
    if (end > bytes.length) return at
    if (bytes[end - 1] !== lf) throw new HttpTrouble('bad_response')
    this.#phase = this.#size
    return end === at + 2 ? end : this.#replace(bytes, at, end, '\r\n')
  }

  /** Header lines behind a body, which nobody needs, through the empty one. */
  readonly #trailer: Phase = (bytes, at) => {
    const lineEnd = bytes.indexOf(lf, at)
    if (this.#passedBytes + bytes.length - at > headBytesMax && lineEnd === -1) throw new HttpTrouble('headers_too_large')
    if (lineEnd === -1) return at
    if (lineEnd - at > 1 || (lineEnd - at === 1 && bytes[at] !== cr)) return this.#leaveOut(bytes, at, lineEnd + 1)
    this.#passedBytes = 0
    this.#phase = this.#head
    return lineEnd === at ? this.#replace(bytes, at, lineEnd + 1, '\r\n') : lineEnd + 1
  }

  /** @throws HttpTrouble `headers_too_large` */
  #leaveOut(bytes: Buffer, at: number, end: number): number {
    this.#passedBytes += end - at
    if (this.#passedBytes > headBytesMax) throw new HttpTrouble('headers_too_large')
    return this.#replace(bytes, at, end, '')
  }

  #phase: Phase = this.#head
}

/** Whether an answer may begin with these bytes: `HTTP/` or `ICY `, in letters of either size. */
function mayBegin(bytes: Buffer, at: number): boolean {
  const text = bytes.toString('latin1', at, at + 5).toUpperCase()
  return 'HTTP/'.startsWith(text) || text.startsWith('ICY ') || 'ICY '.startsWith(text)
}

/** Behind the first empty line; 0 = there is none yet. */
function endOfHead(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(lf, from); at !== -1; at = bytes.indexOf(lf, at + 1)) {
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
