import { Readable } from 'node:stream'
import { request } from 'undici'
import type { z } from 'zod'
import { retryAfterMs } from '#infra/net/retry-after.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { isOfNetwork, redirectOf, refusalOf, unreachable, type Place } from './hub-error.ts'

export interface HubAccess extends Place {
  /** Access token, `hf_…`: it goes to the hub's own origin alone, and into no message. */
  token: string
  pace: Clock
  signal: AbortSignal
  /** Told of each attempt that is made again. */
  onRetry?: (why: string, waitMs: number) => void
}

/** An answer, read. */
export interface HubAnswer {
  status: number
  headers: Headers
  body: Uint8Array
}

export interface HubQuestion {
  method: 'GET' | 'POST'
  /** Of the hub's origin; absolute: of another, which is given no token. */
  url: string
  body?: string
  contentType?: string
  /** What is to come back, where it is not to be of any type. */
  accept?: string
  /** Statuses that are answers, besides 2xx. */
  accepts?: readonly number[]
  /** Whether to go where it sends: a file may lie with others. */
  follows?: boolean
  bytesMax?: number
}

/** Statuses that pass (huggingface_hub's http_backoff has the same): as often as `triesMax`, or as the hub asks for. */
const passing = new Set([408, 429, 500, 502, 503, 504])
const triesMax = 6
/** Of one question: longer than this the hub is not waited for, and it is not asked oftener. */
const waitMsMax = 600_000
const askedMax = 60
const hopsMax = 3
/** Read before they go out. */
const aheadBytes = 2 ** 18
const answerMs = 300_000
const slowestBytesPerSecond = 2 ** 16
const answerBytesMax = 16 * 2 ** 20

/** Asks a hub, again where an answer passes: after what it says (Retry-After, RateLimit), or 1, 2, 4, 8 and 16 s. All errors are ours, and none holds the token. */
export class HubRequests {
  readonly access: HubAccess

  constructor(access: HubAccess) {
    this.access = access
  }

  /** @throws OrreryError `unauthorized`, `forbidden`, `not_found`, `conflict`, `rate_limited`, `timed_out`, `upstream_failed`, `invalid_argument`; the signal's reason */
  async ask({ method, url, body, contentType, accept, accepts = [], follows = false, bytesMax = answerBytesMax }: HubQuestion): Promise<HubAnswer> {
    const { hubUrl, token, signal } = this.access
    const target = new URL(url, hubUrl)
    const headers = {
      ...(target.origin === new URL(hubUrl).origin && { authorization: `Bearer ${token}` }),
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...(accept !== undefined && { accept }),
    }
    return this.#again(accepts, async () => {
      const timed = AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
      const response = await fetch(target, { method, headers, body: body ?? null, redirect: follows ? 'follow' : 'manual', signal: timed })
      return { status: response.status, headers: response.headers, body: await this.#body(response, bytesMax) }
    })
  }

  /** As `ask`, its answer as JSON of that form. */
  async json<Form extends z.ZodType>(form: Form, question: HubQuestion): Promise<z.infer<Form>> {
    const { body } = await this.ask(question)
    return this.parsed(form, body)
  }

  /** @throws OrreryError `upstream_failed` */
  parsed<Form extends z.ZodType>(form: Form, body: Uint8Array): z.infer<Form> {
    const { repo, hubUrl } = this.access
    const value = form.safeParse(jsonOf(body))
    if (value.success) return value.data
    throw new OrreryError('upstream_failed', `${hubUrl} answered for dataset "${repo}" what is no answer of a hub; check --hub-url.`, { repo, hub: hubUrl })
  }

  /** Sends bytes to where the hub says. @param read them from the beginning, each time @param sent told of each piece @returns the headers of the answer */
  put(url: string, { bytes, read, sent }: { bytes: number; read: () => AsyncIterable<Uint8Array>; sent: (bytes: number) => void }): Promise<HubAnswer> {
    const { signal } = this.access
    let [target, hops] = [url, 0]
    return this.#again([], async () => {
      let done = 0
      async function* counted() {
        for await (const piece of read()) {
          // The reader uses its room again while the socket may still hold this.
          yield Buffer.from(piece)
          done += piece.length
          sent(piece.length)
        }
      }
      try {
        const timed = AbortSignal.any([signal, AbortSignal.timeout(answerMs + Math.ceil((1000 * bytes) / slowestBytesPerSecond))])
        const headers = { 'content-length': String(bytes) }
        const answer = await request(target, {
          method: 'PUT',
          headers,
          body: Readable.from(counted(), { objectMode: false, highWaterMark: aheadBytes }),
          signal: timed,
        })
        const body = Buffer.from(await answer.body.arrayBuffer())
        const answered = { status: answer.statusCode, headers: new Headers(textHeaders(answer.headers)), body }
        if (answered.status >= 300) sent(-done)
        // A store may be elsewhere for a while (S3 does so with new buckets).
        const location = answered.status === 307 || answered.status === 308 ? answered.headers.get('location') : null
        if (location === null || hops++ === hopsMax) return answered
        target = new URL(location, target).href
        return { status: 503, headers: new Headers(), body: new Uint8Array() }
      } catch (cause) {
        sent(-done)
        throw cause
      }
    })
  }

  async #again(accepts: readonly number[], attempt: () => Promise<HubAnswer>): Promise<HubAnswer> {
    const { pace, signal, onRetry } = this.access
    let waitedMs = 0
    for (let tried = 1; ; tried++) {
      signal.throwIfAborted()
      const outcome = await attempt().catch((cause: unknown) => {
        signal.throwIfAborted()
        if (!isOfNetwork(cause)) throw cause
        return unreachable(this.access, cause)
      })
      if (!(outcome instanceof OrreryError)) {
        if ((outcome.status >= 200 && outcome.status < 300) || accepts.includes(outcome.status)) return outcome
        if (!passing.has(outcome.status)) throw this.#refusal(outcome)
      }
      const saidMs = outcome instanceof OrreryError ? undefined : askedWaitMs(outcome.headers, pace.now())
      const waitMs = saidMs ?? 1000 * 2 ** (tried - 1)
      const error = outcome instanceof OrreryError ? outcome : this.#refusal(outcome)
      if ((saidMs === undefined && tried >= triesMax) || tried >= askedMax || waitedMs + waitMs > waitMsMax) throw error
      onRetry?.(outcome instanceof OrreryError ? outcome.message.replace(/; .*$/, '') : `${this.access.hubUrl} answered ${outcome.status}`, waitMs)
      waitedMs += waitMs
      await pace.sleep(waitMs, signal)
    }
  }

  async #body(response: Response, bytesMax: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    let bytes = 0
    for await (const piece of response.body ?? []) {
      bytes += piece.length
      if (bytes > bytesMax) {
        const { repo, hubUrl: hub } = this.access
        throw new OrreryError('upstream_failed', `${hub} answered for dataset "${repo}" with more than ${bytesMax} bytes; look at the repository.`, {
          repo,
          hub,
        })
      }
      pieces.push(piece)
    }
    return Buffer.concat(pieces, bytes)
  }

  #refusal({ status, headers, body }: HubAnswer): OrreryError {
    if (status >= 300 && status < 400) return redirectOf(this.access, headers.get('location') ?? '')
    return refusalOf(this.access, status, this.#told(body))
  }

  /** What a hub says of an error, without the token if it should say that back. */
  #told(body: Uint8Array): string {
    const value = jsonOf(body)
    const told = typeof value === 'object' && value !== null && 'error' in value && typeof value.error === 'string' ? value.error : ''
    return told.replaceAll(this.access.token, '…').replace(/\s+/g, ' ').slice(0, 300).trim()
  }
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString())
  } catch {
    return undefined
  }
}

/** How long it asks to wait: Retry-After, or the RateLimit header where nothing is left. undefined: it does not say, or no time at all. */
function askedWaitMs(headers: Headers, now: number): number | undefined {
  const reset = /;\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d{1,9})/.exec(headers.get('ratelimit') ?? '')?.[1]
  const waitMs = retryAfterMs(headers.get('retry-after'), now) ?? 1000 * Number(reset ?? 0)
  return waitMs > 0 ? waitMs : undefined
}

const textHeaders = (headers: Record<string, string | string[] | undefined>): [string, string][] =>
  Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')])
