import { Agent, type Dispatcher } from 'undici'
import { readBody, type Body } from './body.ts'
import { guardedConnector } from './connector.ts'
import { createEgress, type EgressOptions } from './egress.ts'
import { failureReason, HttpTrouble, type HttpFailureReason } from './http-failure.ts'

export interface HttpOptions extends EgressOptions {
  /** Sent as it is; see user-agent.ts. */
  userAgent: string
  /** Whole time of one call, redirects and body included. */
  timeoutMs: number
  /** Largest body, on the wire and decoded. */
  bytesMax: number
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
}

interface HttpResponse {
  ok: true
  /** After redirects. */
  url: string
  status: number
  /** Lower-case names; several of one name joined by `, `. */
  headers: Readonly<Record<string, string>>
  /** Decoded. Empty for a 3xx or 304. */
  body: Uint8Array
  wireBytes: number
  truncated: boolean
}

interface HttpFailure {
  ok: false
  /** Where it went wrong: the URL of the hop. */
  url: string
  reason: HttpFailureReason
  detail: string
}

/** A client for the open web: bounded in time, bytes and redirects, and unable to reach what the egress rule does not allow. */
export interface Http extends AsyncDisposable {
  get(url: string, options?: GetOptions): Promise<HttpResponse | HttpFailure>
  /** Whether a host is served by this process itself. */
  isVirtual(hostname: string): boolean
}

const headerBytesMax = 32 * 1024
const connectMsMax = 10_000
const ratioMax = 200
const redirectsDefault = 5
const acceptEncoding = 'gzip, br, deflate, zstd'
const redirectStatus = new Set([301, 302, 303, 307, 308])

export function createHttp(options: HttpOptions): Http {
  const egress = createEgress(options)
  const agent = new Agent({
    connect: guardedConnector(egress, Math.min(connectMsMax, options.timeoutMs)),
    maxHeaderSize: headerBytesMax,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    connections: 2,
    keepAliveTimeout: 10_000,
    keepAliveMaxTimeout: 60_000,
    pipelining: 1,
  })
  return {
    isVirtual: egress.isVirtual,
    async [Symbol.asyncDispose]() {
      await agent.destroy()
    },
    async get(start, get = {}) {
      const deadline = AbortSignal.timeout(options.timeoutMs)
      const signal = get.signal ? AbortSignal.any([get.signal, deadline]) : deadline
      const visited = new Set<string>()
      let at = start
      try {
        for (;;) {
          at = enter(egress.admit(at), visited, get.redirectsMax ?? redirectsDefault)
          const answer = await request(agent, at, options, get, signal)
          const next = get.redirectsMax === 0 ? undefined : redirectTarget(answer, at)
          if (next === undefined) return { ok: true, url: at, ...answer }
          at = next
        }
      } catch (error) {
        if (get.signal?.aborted) throw get.signal.reason
        const reason = deadline.aborted ? 'timeout' : failureReason(error)
        return { ok: false, url: at, reason, detail: error instanceof Error ? error.message : String(error) }
      }
    },
  }
}

/** Notes a hop. @throws HttpTrouble `redirect_loop`, `too_many_redirects` */
function enter(url: URL, visited: Set<string>, redirectsMax: number): string {
  url.hash = ''
  if (visited.has(url.href)) throw new HttpTrouble('redirect_loop')
  if (visited.size > redirectsMax) throw new HttpTrouble('too_many_redirects')
  visited.add(url.href)
  return url.href
}

async function request(agent: Agent, url: string, options: HttpOptions, get: GetOptions, signal: AbortSignal) {
  const { origin, pathname, search } = new URL(url)
  const headers = { 'user-agent': options.userAgent, 'accept-encoding': acceptEncoding, ...get.headers }
  const answer = await agent.request({ origin, path: pathname + search, method: 'GET', headers, signal })
  const flat = flatHeaders(answer.headers)
  const bodyless = answer.statusCode === 304 || redirectStatus.has(answer.statusCode)
  const body = bodyless ? await skipBody(answer) : await takeBody(answer, flat, options, get, signal)
  return { status: answer.statusCode, headers: flat, body: body.bytes, wireBytes: body.wireBytes, truncated: body.truncated }
}

async function takeBody(
  answer: Dispatcher.ResponseData,
  headers: Record<string, string>,
  options: HttpOptions,
  get: GetOptions,
  signal: AbortSignal,
): Promise<Body> {
  const caps = { bytesMax: get.bytesMax ?? options.bytesMax, ratioMax, truncate: get.truncate ?? false }
  if (!caps.truncate && Number(headers['content-length'] ?? 0) > caps.bytesMax) {
    discard(answer)
    throw new HttpTrouble('too_large')
  }
  return readBody(answer.body, headers['content-encoding'], caps, signal)
}

/** A short body is read so that the connection can be used again; a long one costs the connection. */
async function skipBody(answer: Dispatcher.ResponseData): Promise<Body> {
  await answer.body.dump({ limit: 16_384 }).catch(() => undefined)
  return { bytes: new Uint8Array(), wireBytes: 0, truncated: false }
}

function discard(answer: Dispatcher.ResponseData): void {
  answer.body.on('error', () => undefined)
  answer.body.destroy()
}

function redirectTarget(answer: { status: number; headers: Readonly<Record<string, string>> }, from: string): string | undefined {
  const location = redirectStatus.has(answer.status) ? answer.headers['location'] : undefined
  if (location === undefined) return undefined
  const next = URL.parse(location, from)
  if (!next) throw new HttpTrouble('bad_redirect')
  return next.href
}

function flatHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value ?? '')])
  return Object.fromEntries(entries)
}
