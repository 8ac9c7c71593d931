import { z } from 'zod'
import { retryAfterMs } from '#infra/net/retry-after.ts'
import { errorCodes, OrreryError, type ErrorCode } from '#schemas/errors.ts'
import { parsedJson } from '#schemas/parsed-json.ts'

export interface ClientOptions {
  /** Where the service answers, like http://127.0.0.1:8710. */
  baseUrl: string
  /** Absent: that of the platform. */
  fetch?: typeof fetch
  /** Of `orrery dataset key create`. */
  apiKey?: string | undefined
  /** A service that asks to be left alone for longer is not waited for: its refusal is thrown. Absent: a minute. */
  patienceMs?: number
  /** Larger answers are refused as they come, `too_large`. Absent: 64 MiB. */
  answerBytesMax?: number
  /** Waits between attempts. */
  wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** What is asked once. Values that are undefined are left out. */
export interface Asking {
  path: string
  query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** As JSON: then it is a POST. */
  body?: unknown
  accept?: string
  /** Asking twice does nothing twice. */
  isRepeatable: boolean
  signal?: AbortSignal | undefined
}

const attemptsMax = 5
const backOffMs = { first: 250, max: 8000 }
const patienceMsDefault = 60_000
const errorBytesMax = 2 ** 16

/**
 * Sends a question until it is answered: refused for now (429, 503), it is sent again when the service says; so is one that may be asked twice when the way broke
 * (502, no answer at all, one that breaks off). What took too long (504) would again.
 * @param read takes what is needed of an answer of status 2xx
 * @throws OrreryError as the service says, `upstream_failed` without an answer; the signal's reason
 */
export async function exchange<T>(
  { wait = waitFor, patienceMs = patienceMsDefault, ...options }: ClientOptions,
  asking: Asking,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await once(options, asking, read)
    if ('value' in outcome) return outcome.value
    const { error, retryMs, isAnswered } = outcome
    const mayRepeat = asking.isRepeatable || (isAnswered && isForNow(error))
    const waitMs = retryMs ?? Math.min(backOffMs.max, backOffMs.first * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
    if (attempt >= attemptsMax || !error.retryable || error.code === 'timed_out' || !mayRepeat || waitMs > patienceMs) throw error
    await wait(waitMs, asking.signal)
  }
}

/** Refused before anything was done. */
const isForNow = ({ details: { status } }: OrreryError): boolean => status === 429 || status === 503

/** By what browsers have, too. */
function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      if (signal?.aborted) reject(signal.reason as Error)
      else resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })
}

interface Failed {
  error: OrreryError
  retryMs?: number | undefined
  isAnswered: boolean
}

async function once<T>(
  { baseUrl, fetch: send = fetch, apiKey }: Omit<ClientOptions, 'wait' | 'patienceMs'>,
  asking: Asking,
  read: (response: Response) => Promise<T>,
): Promise<{ value: T } | Failed> {
  const { path, query = {}, body, accept = 'application/json', signal } = asking
  signal?.throwIfAborted()
  const search = new URLSearchParams(Object.entries(query).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]])))
  const url = `${baseUrl.replace(/\/+$/, '')}${path}${search.size === 0 ? '' : `?${search}`}`
  const headers = {
    accept,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  }
  try {
    // A key is for this service, not for whom it may send one to.
    const response = await send(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      redirect: 'error',
      signal: signal ?? null,
    })
    return response.ok ? { value: await read(response) } : { ...(await failureOf(response)), isAnswered: true }
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof OrreryError && cause.code === 'upstream_failed') return { error: cause, isAnswered: false }
    if (cause instanceof OrreryError) throw cause
    const why = cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause)
    return { error: new OrreryError('upstream_failed', `${new URL(baseUrl).origin} gave no answer: ${why}.`, {}, cause), isAnswered: false }
  }
}

/** As the service says it, its viewer, or a proxy before it. */
const Said = z.union([
  z.object({ error: z.string().transform((message) => ({ code: undefined, message, details: {} })) }),
  // oxlint-disable-next-line orrery/no-open-record -- details of the service
  z.object({ error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).default({}) }) }),
])

async function failureOf(response: Response): Promise<Omit<Failed, 'isAnswered'>> {
  const { status } = response
  const said = Said.safeParse(parsedJson(await readText(response, errorBytesMax).catch(() => ''))).data?.error
  const code =
    said?.code !== undefined && errorCodes.has(said.code)
      ? (said.code as ErrorCode)
      : (byStatus.get(status) ?? (status < 500 ? 'invalid_argument' : 'upstream_failed'))
  const retryMs = retryAfterMs(response.headers.get('retry-after'), Date.now())
  const error = new OrreryError(code, said?.message ?? `The service answered ${status}.`, { ...said?.details, status })
  return { error, retryMs }
}

const byStatus = new Map<number, ErrorCode>([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [413, 'too_large'],
  [429, 'rate_limited'],
  [503, 'store_unavailable'],
  [504, 'timed_out'],
])

/** By a reader: not every browser goes through a stream by itself. */
async function* piecesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader()
  try {
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) yield piece.value
  } catch (cause) {
    // So the platform says that a connection broke; what else is thrown is the signal's reason.
    if (cause instanceof TypeError) throw new OrreryError('upstream_failed', 'The answer broke off; ask again.', {}, cause)
    throw cause
  } finally {
    // What nobody reads any more is not to come.
    await reader?.cancel().catch(() => undefined)
  }
}

/** The whole of an answer. @throws OrreryError `too_large`, `upstream_failed` */
export async function readText(response: Response, bytesMax: number): Promise<string> {
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for await (const piece of piecesOf(response)) {
    bytes += piece.length
    if (bytes > bytesMax) throw new OrreryError('too_large', `The answer has more than ${bytesMax} bytes; ask for fewer rows, columns or texts.`, { bytesMax })
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

/** The values of an answer of one JSON value a line, as they come. @throws OrreryError `upstream_failed` for what is no JSON, `too_large` for a line */
export async function* readLines(response: Response, lineCharsMax: number): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of piecesOf(response)) {
    const text = decoder.decode(piece, { stream: true })
    const end = text.lastIndexOf('\n')
    const lines = end === -1 ? [] : (rest + text.slice(0, end)).split('\n')
    // What is looked through is new: a long row does not cost its square.
    rest = end === -1 ? rest + text : text.slice(end + 1)
    if (rest.length > lineCharsMax) throw new OrreryError('too_large', `A row of the answer has more than ${lineCharsMax} characters; ask for less.`)
    for (const line of lines) yield valueOf(line)
  }
  if (rest !== '') yield valueOf(rest)
}

function valueOf(line: string): unknown {
  const value = parsedJson(line)
  if (value === undefined) throw new OrreryError('upstream_failed', 'The answer broke off in the middle of a row; ask again.')
  return value
}
