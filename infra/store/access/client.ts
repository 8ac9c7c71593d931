import { randomInt } from 'node:crypto'
import type { z } from 'zod'
import { boundedBody } from '#infra/net/bounded-body.ts'
import { signBtauth } from '#infra/signed-http/btauth.ts'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { errorCodes, OrreryError, type ErrorCode } from '#schemas/errors.ts'
import { parsedJson } from '#schemas/parsed-json.ts'
import { ServiceInfo } from './info-routes.ts'
import type { UploadForm } from './miner-routes.ts'

export interface AccessClientParts {
  /** Of the service: `https://host:port`. */
  origin: string
  /** Who asks; asked for with the first request. */
  signer: () => Promise<Signer>
  fetch: typeof globalThis.fetch
  /** The date, ms since epoch. */
  date(): number
  pace: Pick<Clock, 'sleep'>
}

/** Asks a store access service in the name of a hotkey. Each call @throws OrreryError as the service refuses it, `store_unavailable` where it does not answer */
export interface AccessClient {
  readonly origin: string
  /** SS58 address of the hotkey. */
  hotkey(): Promise<string>
  /** POSTs JSON, signed as btauth/1; again where the clock here turns out to be off, and after a moment where the service says so. */
  ask<Answer extends z.ZodType>(path: string, body: object, answer: Answer, signal?: AbortSignal): Promise<z.infer<Answer>>
  /** Sends a file by a form that was asked for. @param checksum of its bytes, sha256 in hex */
  upload(form: z.infer<typeof UploadForm>, file: Blob, checksum: string, signal?: AbortSignal): Promise<void>
  /** GETs an address; undefined for 404. @param bytesMax more than that is refused @param token where the address is not signed itself */
  download(url: string, options: DownloadOptions): Promise<Uint8Array | undefined>
  /** Bytes of what an address leads to; undefined for 404. */
  size(url: string, options?: Pick<DownloadOptions, 'token' | 'signal'>): Promise<number | undefined>
}

interface DownloadOptions {
  bytesMax: number
  range?: { start: number; end: number } | undefined
  token?: string | undefined
  signal?: AbortSignal
}

const answerMs = 30_000
const answerBytesMax = 32 * 2 ** 20
const uploadMsMin = 60_000
/** A service that asks for more patience than this has a reason, which is told. */
const [triesMax, waitMsMax] = [8, 15_000]
/** Slower than this is as good as nothing: the service lets go who is slower too. */
const bytesPerMsMin = 4

export function accessClient({ origin: given, signer, fetch, date, pace }: AccessClientParts): AccessClient {
  const origin = given.replace(/\/+$/, '')
  let receiver: Promise<string> | undefined
  let aheadMs = 0
  let lastNonceNs = 0n

  const send = async (url: string, init: RequestInit, ms: number, signal?: AbortSignal): Promise<Response> => {
    const bounded = signal ? AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(ms))]) : AbortSignal.timeout(Math.ceil(ms))
    try {
      return await fetch(url, { ...init, signal: bounded, redirect: 'error' })
    } catch (cause) {
      signal?.throwIfAborted()
      throw unavailable(origin, cause)
    }
  }
  const receiverOf = (): Promise<string> => {
    if (receiver) return receiver
    const asking = send(`${origin}/structure-info`, {}, answerMs)
      .then((answer) => requireOk(origin, answer))
      .then(async (answer) => ServiceInfo.parse(JSON.parse(await textOf(origin, answer))).receiver)
    asking.catch(() => (receiver = undefined))
    return (receiver = asking)
  }
  const post = async (path: string, body: string, signal?: AbortSignal): Promise<Response> => {
    // Others may sign for the same hotkey in the same moment.
    const nowNs = BigInt(Math.round(date() + aheadMs)) * 1_000_000n + BigInt(randomInt(1_000_000))
    lastNonceNs = nowNs > lastNonceNs ? nowNs : lastNonceNs + 1n
    const headers = signBtauth(await signer(), { method: 'POST', target: path, body: Buffer.from(body), nonceNs: lastNonceNs, receiver: await receiverOf() })
    return send(`${origin}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }, answerMs, signal)
  }

  return {
    origin,
    hotkey: async () => (await signer()).address,
    async ask(path, body, answer, signal) {
      const text = JSON.stringify(body)
      let came = await post(path, text, signal)
      if (came.status === 401) {
        const { details } = await refusalOf(came.clone())
        // Whose clock is off signs by that of the service; and another hotkey may answer there now.
        if (typeof details['server_time_ms'] === 'number') [aheadMs, lastNonceNs] = [details['server_time_ms'] - date(), 0n]
        receiver = undefined
        came = await post(path, text, signal)
      }
      for (let tries = 1; came.status === 429 && tries < triesMax; tries++) {
        const { details } = await refusalOf(came.clone())
        const waitMs = Number(details['retry_after_seconds'] ?? 1) * 1000
        if (!(waitMs <= waitMsMax)) break
        await pace.sleep(waitMs, signal)
        came = await post(path, text, signal)
      }
      await requireOk(origin, came)
      const parsed = answer.safeParse(parsedJson(await textOf(origin, came)))
      if (parsed.success) return parsed.data
      throw unavailable(origin, parsed.error, `answers ${path} in another form than it should`)
    },
    async upload({ url, fields }, file, checksum, signal) {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.set(name, value)
      form.set('x-amz-checksum-sha256', Buffer.from(checksum, 'hex').toString('base64'))
      form.set('file', file, 'file')
      await requireOk(origin, await send(url, { method: 'POST', body: form }, uploadMsMin + file.size / bytesPerMsMin, signal))
    },
    async download(url, { bytesMax, range, token, signal }) {
      const headers = { ...(range && { range: `bytes=${range.start}-${range.end - 1}` }), ...tokenHeader(token) }
      const answer = await send(url, { headers }, uploadMsMin + bytesMax / bytesPerMsMin, signal)
      if (answer.status === 404) return undefined
      if (answer.status === 416) return new Uint8Array()
      await requireOk(origin, answer)
      return bytesOf(origin, answer, bytesMax, signal)
    },
    async size(url, { token, signal } = {}) {
      const answer = await send(url, { method: 'HEAD', headers: tokenHeader(token) }, answerMs, signal)
      if (answer.status === 404) return undefined
      return Number((await requireOk(origin, answer)).headers.get('content-length') ?? 0)
    },
  }
}

const tokenHeader = (token: string | undefined): Record<string, string> => (token === undefined ? {} : { 'x-amz-security-token': token })

async function requireOk(origin: string, answer: Response): Promise<Response> {
  if (answer.ok) return answer
  const { code, message, details } = await refusalOf(answer)
  if (code === undefined || answer.status >= 500) throw unavailable(origin, undefined, `answers ${answer.status} (${message || 'no reason'})`)
  throw new OrreryError(code, message, details)
}

async function refusalOf(answer: Response): Promise<{ code: ErrorCode | undefined; message: string; details: Record<string, unknown> }> {
  const { error } = (parsedJson(await answer.text().catch(() => '')) ?? {}) as {
    error?: { code?: string; message?: string; details?: Record<string, unknown> }
  }
  const code = error?.code !== undefined && errorCodes.has(error.code) ? (error.code as ErrorCode) : undefined
  return { code, message: String(error?.message ?? '').slice(0, 500), details: error?.details ?? {} }
}

async function bytesOf(origin: string, answer: Response, bytesMax: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const body = await boundedBody(answer, bytesMax).catch((cause: unknown) => {
    signal?.throwIfAborted()
    throw unavailable(origin, cause)
  })
  if (body) return new Uint8Array(body)
  throw new OrreryError('too_large', `${origin} answers with more than ${bytesMax} bytes; that is taken from nobody.`, { bytesMax })
}

const textOf = async (origin: string, answer: Response): Promise<string> => Buffer.from(await bytesOf(origin, answer, answerBytesMax, undefined)).toString()

const unavailable = (origin: string, cause: unknown, why = 'does not answer'): OrreryError =>
  new OrreryError('store_unavailable', `The store access service ${origin} ${why}; look whether store.access_url names it and try again.`, { origin }, cause)
