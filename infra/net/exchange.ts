import type { Dispatcher } from 'undici'
import type { HeldBody } from './body-budget.ts'
import { headerValue, headerValues, type HeaderLines } from './header-lines.ts'
import { HttpTrouble } from './http-failure.ts'
import { Pieces } from './pieces.ts'

/** An answer as it came over the wire, its content codings not undone. */
export interface Answer {
  status: number
  headers: HeaderLines
  wire: Buffer
  /** There was more on the wire than `wireBytesMax`. */
  cut: boolean
  /** The connection ended before a packed body was as long as it was said to be: as long may be what it unpacks to. */
  short: boolean
  /** From the request to its headers, ms; waiting for a connection included. */
  firstByteMs: number
}

/** What came of an answer, whether it came to its end or not. */
export interface CameAnswer {
  status: number
  headers: HeaderLines
  /** Of its body, content codings not undone. */
  wire: Uint8Array
}

export interface ExchangeCaps {
  wireBytesMax: number
  headerBytesMax: number
  /** Cut the body at the cap instead of failing with `too_large`. */
  truncate: boolean
}

/** Of an answer without a use for its body, this much is read so that the connection can serve again; a longer one costs the connection. */
const skippedBytesMax = 16 * 1024

export const isRedirect = (status: number): boolean => status === 301 || status === 302 || status === 303 || status === 307 || status === 308

/** One request and its answer on undici's bare dispatch: no streams, no copies, one promise. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>
  readonly #resolve: (answer: Answer) => void
  readonly #reject: (error: Error) => void
  readonly #caps: ExchangeCaps
  readonly #startedAt = performance.now()
  readonly #held: HeldBody
  readonly #pieces = new Pieces()
  #controller: Dispatcher.DispatchController | undefined
  #stopped: Error | undefined
  #settled = false
  #status = 0
  #headers: HeaderLines = {}
  #firstByteMs = 0
  #wireBytes = 0
  #wire: Buffer | undefined

  /** @param held counts the body while it comes, and holds it up where there is no room */
  constructor(caps: ExchangeCaps, held: HeldBody) {
    this.#caps = caps
    this.#held = held
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.answer = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Of the body, so far. */
  get wireBytes(): number {
    return this.#wireBytes
  }

  /** So far; undefined before its head. */
  get came(): CameAnswer | undefined {
    return this.#status === 0 ? undefined : { status: this.#status, headers: this.#headers, wire: this.#whole() }
  }

  /** Ends it now, with this error, and gives up the connection; also before there is one. */
  stop(error: Error): void {
    this.#fail(error)
    this.#abort(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#stopped) controller.abort(this.#stopped)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (status < 200) return
    this.#firstByteMs = performance.now() - this.#startedAt
    this.#status = status
    // A name that is there has a value.
    this.#headers = headers as HeaderLines
    const { wireBytesMax, headerBytesMax, truncate } = this.#caps
    if (headerBytes(this.#headers) > headerBytesMax) this.stop(new HttpTrouble('headers_too_large'))
    else if (!truncate && !this.#isBodyless() && Number(headerValue(this.#headers, 'content-length') ?? 0) > wireBytesMax)
      this.stop(new HttpTrouble('too_large'))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    this.#wireBytes += chunk.length
    if (this.#isBodyless()) {
      if (this.#wireBytes > skippedBytesMax) this.#cut()
    } else if (this.#wireBytes <= this.#caps.wireBytesMax) {
      this.#pieces.add(chunk)
      if (this.#held.grow(chunk.length)) return
      // Its silence while it is held up is not the host's: the deadline of the whole call alone goes on.
      controller.pause()
      this.#held.whenRoom(() => controller.resume())
    } else if (this.#caps.truncate) {
      this.#pieces.add(chunk.subarray(0, chunk.length - (this.#wireBytes - this.#caps.wireBytesMax)))
      this.#cut()
    } else {
      this.stop(new HttpTrouble('too_large'))
    }
  }

  onResponseEnd(): void {
    this.#finish({})
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#status === 0 || !isCutOff(error)) this.#fail(error)
    // What a redirect says beside its address is read by nobody.
    else if (this.#isBodyless()) this.#finish({})
    else if (this.#headers['content-encoding'] && this.#headers['content-length']) this.#finish({ short: true })
    else this.#fail(new HttpTrouble('truncated_body', error))
  }

  #isBodyless(): boolean {
    return this.#status === 304 || isRedirect(this.#status)
  }

  #cut(): void {
    this.#finish({ cut: !this.#isBodyless() })
    this.#abort(new HttpTrouble('too_large'))
  }

  #finish({ cut = false, short = false }: Partial<Pick<Answer, 'cut' | 'short'>>): void {
    if (this.#settled) return
    this.#settled = true
    this.#resolve({ status: this.#status, headers: this.#headers, wire: this.#whole(), cut, short, firstByteMs: this.#firstByteMs })
  }

  #whole(): Buffer {
    return (this.#wire ??= this.#pieces.join())
  }

  #fail(error: Error): void {
    if (this.#settled) return
    this.#settled = true
    this.#reject(error)
  }

  #abort(error: Error): void {
    this.#stopped = error
    this.#controller?.abort(error)
  }
}

/** The connection went away, as opposed to a deadline or a parser that gave up on it. */
function isCutOff(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return /^(UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|UND_ERR_INFO|ECONNRESET|EPIPE|ERR_HTTP2_|HPE_INVALID_EOF_STATE)/.test(code)
}

/** As they would be on an HTTP/1.1 wire; of HTTP/2 the parser does not count them. */
function headerBytes(headers: HeaderLines): number {
  let bytes = 0
  for (const name in headers) for (const value of headerValues(headers, name)) bytes += name.length + value.length + 4
  return bytes
}
