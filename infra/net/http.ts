import { Agent } from 'undici'
import { pathOf } from '#schemas/identity/url-parts.ts'
import { BodyBudget, type HeldBody } from './body-budget.ts'
import { decodeBody, type BodyCaps, type DecodedBody } from './body.ts'
import { guardedConnector, type Connected } from './connector.ts'
import { Deadline } from './deadline.ts'
import { bare, createEgress, portOf, type EgressOptions, type Lookup } from './egress.ts'
import { Exchange, isRedirect, type Answer, type CameAnswer } from './exchange.ts'
import { headerValue, headerValues, percentEncodedBytes, type HeaderLines } from './header-lines.ts'
import { Hops } from './hops.ts'
import { failureReason, HttpTrouble, type HttpFailureReason } from './http-failure.ts'
import { nameResolver } from './name-resolver.ts'

export interface HttpOptions extends EgressOptions {
  /** Sent as it is; see user-agent.ts. */
  userAgent: string
  /** Whole time of one call, redirects and body included. */
  timeoutMs: number
  /** Largest body, on the wire and decoded. */
  bytesMax: number
  /** Longest wait for a connection; default 10 s, or the whole time if that is less. */
  connectMs?: number
  /** Longest wait for the headers of an answer; default 15 s. Above a second deadlines are kept to about half of one. */
  headersMs?: number
  /** Longest silence within a body; default 10 s. */
  bodyMs?: number
  /** Of all answers at once, on the wire and decoded, until they are given up; the body that began first may go beyond. Default 256 MiB. */
  bodiesBytesMax?: number
  /** Certificate authorities (PEM) trusted instead of the well-known ones. */
  ca?: string
  /** DNS servers, `192.0.2.1` or `192.0.2.1:53`; absent or none: those of this machine. */
  dnsServers?: readonly string[]
  /** Asked instead of DNS servers. */
  lookup?: Lookup
}

interface GetOptions {
  headers?: Readonly<Record<string, string>>
  /** Aborting rejects the call with the signal's reason; every other trouble is a value. */
  signal?: AbortSignal
  bytesMax?: number
  /** Beyond `bytesMax`: fail with `too_large` (default), or give the first `bytesMax` bytes. */
  truncate?: boolean
  /** Redirects to follow; 0 gives the 3xx answer itself. Default 5. */
  redirectsMax?: number
  /** Until this is disposed of the body counts for `bodiesBytesMax`, not only until it is here: for who keeps it for more than a moment. */
  hold?: DisposableStack
  /** Give what had come of an answer that failed (`partial`): for who keeps it. */
  partial?: true
}

/** Milliseconds. They are for pacing: nothing that is kept may depend on them. */
interface Timings {
  /** Of the connection, when this call opened it. */
  connectMs: number | undefined
  /** From the last request to its headers. */
  firstByteMs: number
  /** The whole call. */
  totalMs: number
}

interface HttpResponse {
  ok: true
  /** After redirects. */
  url: string
  status: number
  headers: HeaderLines
  /** Decoded. Empty for a 3xx or 304. */
  body: Uint8Array
  wireBytes: number
  truncated: boolean
  /** The IP address that answered; undefined for a host served by this process. */
  address: string | undefined
  timings: Timings
}

interface HttpFailure {
  ok: false
  /** Where it went wrong: the URL of the hop. */
  url: string
  reason: HttpFailureReason
  detail: string
  /** The IP address last connected to for that URL's origin, if any was. */
  address: string | undefined
  /** Of the body that came nevertheless. */
  wireBytes: number
  /** What had come from that URL, where that was asked for. */
  partial?: CameAnswer
}

/** A client for the open web: bounded in time, bytes and redirects, and unable to reach what the egress rule does not allow. */
export interface Http extends AsyncDisposable {
  get(url: string, options?: GetOptions): Promise<HttpResponse | HttpFailure>
  /** Whether a host is served by this process itself. */
  isVirtual(hostname: string): boolean
  /**
   * The IP address that will be asked first for a URL; undefined for a host served by this process, and where none may be asked or is found: the request
   * tells why.
   * @throws the signal's reason when aborted; nothing else
   */
  addressOf(url: string, signal?: AbortSignal): Promise<string | undefined>
}

const headerBytesMax = 32 * 1024
const redirectsDefault = 5
const bodiesBytesDefault = 256 * 2 ** 20
const acceptEncoding = 'gzip, br, deflate, zstd'

export function createHttp(options: HttpOptions): Http {
  const names = nameResolver({ servers: options.dnsServers })
  const egress = createEgress({ ...options, lookup: options.lookup ?? names.lookup })
  const { timeoutMs } = options
  const connectMs = Math.min(options.connectMs ?? 10_000, timeoutMs)
  const connector = guardedConnector({ egress, connectMs, ca: options.ca })
  const agent = new Agent({
    connect: connector.connect,
    maxHeaderSize: headerBytesMax,
    headersTimeout: phaseMs(options.headersMs ?? 15_000, timeoutMs),
    bodyTimeout: phaseMs(options.bodyMs ?? 10_000, timeoutMs),
    // A host is asked one thing at a time; a second connection would be opened while the first comes to rest.
    connections: 1,
    keepAliveTimeout: 5000,
    keepAliveMaxTimeout: 30_000,
    pipelining: 1,
    allowH2: true,
  })
  const bodies = new BodyBudget(options.bodiesBytesMax ?? bodiesBytesDefault)
  const connectedTo = (url: URL): Connected | undefined => (egress.isVirtual(url.hostname) ? undefined : connector.latest(url.origin))
  return {
    isVirtual: egress.isVirtual,
    async addressOf(text, signal) {
      using deadline = new Deadline(connectMs, signal)
      const { promise: ended, reject } = Promise.withResolvers<never>()
      deadline.watch({ stop: reject })
      try {
        const url = egress.admit(text)
        if (egress.isVirtual(url.hostname)) return undefined
        const [first] = await Promise.race([egress.resolve(url.protocol, bare(url.hostname), portOf(url)), ended])
        return first?.address
      } catch {
        signal?.throwIfAborted()
        return undefined
      }
    },
    async [Symbol.asyncDispose]() {
      names.close()
      connector.close()
      await agent.destroy()
    },
    async get(start, get = {}) {
      const startedAt = performance.now()
      using deadline = new Deadline(timeoutMs, get.signal)
      const hops = new Hops(egress, get.redirectsMax ?? redirectsDefault)
      const held = bodies.open()
      let heldBytes = 0
      const keep = ({ buffer }: Uint8Array): void => {
        if (get.hold) heldBytes = buffer.byteLength
        get.hold?.defer(() => held.settle(0))
      }
      let last: { at: string; exchange: Exchange } | undefined
      try {
        hops.enter(start)
        const { answer, before } = await follow(hops, get, async (url) => {
          const before = connectedTo(url)
          const exchange = ask(agent, url, options, get, deadline, held)
          last = { at: url.href, exchange }
          return { before, answer: await exchange.answer }
        })
        const caps = { bytesMax: get.bytesMax ?? options.bytesMax, truncate: get.truncate ?? false }
        const body = await bodyOf(answer, caps, (bytes) => growInTime(held, bytes, deadline))
        get.signal?.throwIfAborted()
        keep(body.bytes)
        const now = connectedTo(hops.url)
        return {
          ok: true,
          url: hops.at,
          status: answer.status,
          headers: answer.headers,
          body: body.bytes,
          wireBytes: answer.wire.length,
          truncated: body.truncated,
          address: now?.address,
          timings: { connectMs: now === before ? undefined : now?.connectMs, firstByteMs: answer.firstByteMs, totalMs: performance.now() - startedAt },
        }
      } catch (error) {
        if (get.signal?.aborted) throw get.signal.reason
        // A redirect that leads nowhere came from elsewhere.
        const exchange = last?.at === hops.at ? last.exchange : undefined
        const partial = get.partial ? exchange?.came : undefined
        if (partial) keep(partial.wire)
        const address = hops.begun ? connectedTo(hops.url)?.address : undefined
        return { ...failure(error, hops.at, address), wireBytes: exchange?.wireBytes ?? 0, ...(partial && { partial }) }
      } finally {
        held.settle(heldBytes)
      }
    },
  }
}

/**
 * A body that is too short is whole when it unpacks to what should have come: some servers write the length of what they packed, and browsers take it.
 * @throws HttpTrouble as decodeBody does, `truncated_body`; what `grow` rejects with
 */
async function bodyOf({ wire, headers, cut, short }: Answer, caps: BodyCaps, grow: (bytes: number) => Promise<void>): Promise<DecodedBody> {
  const decoding = decodeBody(wire, headerValues(headers, 'content-encoding'), caps, cut, grow)
  if (!short) return await decoding
  const body = await decoding.catch((error: unknown) => {
    throw failureReason(error) === 'bad_encoding' ? new HttpTrouble('truncated_body', error) : error
  })
  if (body.bytes.length !== Number(headerValue(headers, 'content-length'))) throw new HttpTrouble('truncated_body')
  return body
}

function failure(error: unknown, url: string, address: string | undefined): Omit<HttpFailure, 'wireBytes'> {
  return { ok: false, url, reason: failureReason(error), detail: error instanceof Error ? error.message : String(error), address }
}

/** Asks hop after hop until an answer is no redirect, or redirects are the caller's to follow. */
async function follow<T extends { answer: Answer }>(hops: Hops, { redirectsMax }: GetOptions, askAt: (url: URL) => Promise<T>): Promise<T> {
  for (;;) {
    const asked = await askAt(hops.url)
    const next = redirectsMax === 0 ? undefined : redirectTarget(asked.answer, hops.url)
    if (next === undefined) return asked
    hops.enter(next)
  }
}

/** A deadline of a phase that is not before that of the whole is not kept: 0 says so to undici. */
const phaseMs = (ms: number, wholeMs: number): number => (ms >= wholeMs ? 0 : ms)

function ask(agent: Agent, url: URL, options: HttpOptions, get: GetOptions, deadline: Deadline, held: HeldBody): Exchange {
  const exchange = new Exchange({ wireBytesMax: get.bytesMax ?? options.bytesMax, headerBytesMax, truncate: get.truncate ?? false }, held)
  const headers = { 'user-agent': options.userAgent, 'accept-encoding': acceptEncoding, ...get.headers }
  deadline.watch(exchange)
  agent.dispatch({ origin: url.origin, path: pathOf(url.href), method: 'GET', headers }, exchange)
  return exchange
}

/** Counts what is decoded, and waits for room as long as there is time. */
async function growInTime(held: HeldBody, bytes: number, deadline: Deadline): Promise<void> {
  if (held.grow(bytes)) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  deadline.watch({ stop: reject })
  held.whenRoom(resolve)
  await promise
}

function redirectTarget({ status, headers }: Answer, from: URL): string | undefined {
  const location = isRedirect(status) ? headerValue(headers, 'location') : undefined
  if (location === undefined) return undefined
  const next = URL.parse(percentEncodedBytes(location), from.href)
  if (!next) throw new HttpTrouble('bad_redirect')
  return next.href
}
