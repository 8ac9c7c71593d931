import { z } from 'zod'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError, type ErrorCode } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { BatchAnswer, FeedPlanAnswer, LeaseAnswer, RenewalAnswer, type LeaseGrant } from '#schemas/feed.ts'

export interface FeedClientParts {
  origin: string
  node: string
  fetch: typeof globalThis.fetch
  pace: Clock
  /** Hears once of each call that has to be made again. */
  telemetry: Pick<Telemetry, 'event'>
}

/**
 * The feed as a node sees it. What passes by itself (no connection, 5xx, 429, a cut or wrong body) is asked again, with a growing pause, until the signal
 * is aborted: a feed may be restarted at any moment. @throws OrreryError the feed's own code for any other 4xx, and the signal's reason when it is aborted
 */
export interface FeedClient {
  lease(signal: AbortSignal): Promise<LeaseAnswer>
  plan(signal: AbortSignal): Promise<FeedPlanAnswer>
  /** The tokens of the batch, of exactly the size and hash they must have. @throws after 8 attempts (15 s): the batch may be unreadable for good */
  tokens(grant: LeaseGrant, signal: AbortSignal): Promise<Uint32Array>
  renew(grant: LeaseGrant, signal: AbortSignal): Promise<RenewalAnswer>
  ack(grant: LeaseGrant, loss: number, signal: AbortSignal): Promise<BatchAnswer>
  /** One attempt only: a batch that cannot be given back returns when its lease runs out. */
  nack(grant: LeaseGrant, reason: string, signal: AbortSignal): Promise<BatchAnswer>
}

const requestMs = 40_000
const firstPauseMs = 100
const longestPauseMs = 5_000
const blockAttemptsMax = 8
const jsonBytesMax = 1 << 20
/** 1,024 rows of 131,072 tokens, the most the settings allow. */
const blockBytesMax = 2 ** 29

const Refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export function feedClient({ origin, node, fetch, pace, telemetry }: FeedClientParts): FeedClient {
  async function ask(path: string, init: RequestInit, bytesMax: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; etag: string | null }> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(requestMs)])
    const response = await fetch(new URL(path, origin), { ...init, signal: bounded, redirect: 'error' })
    const bytes = await readBounded(response, bytesMax)
    if (!response.ok) throw refusal(response.status, bytes, path)
    return { bytes, etag: response.headers.get('etag') }
  }

  async function persist<T>(attempt: () => Promise<T>, signal: AbortSignal, attemptsMax = Infinity): Promise<T> {
    let pauseMs = firstPauseMs
    for (let attempts = 1; ; attempts++, pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      signal.throwIfAborted()
      try {
        return await attempt()
      } catch (error) {
        signal.throwIfAborted()
        if (attempts === attemptsMax || (error instanceof OrreryError && !error.retryable)) throw error
        if (attempts === 1) telemetry.event('node.feed_waited_for', { node, origin, reason: reasonOf(error) })
        await pace.sleep(pauseMs, signal)
      }
    }
  }

  async function post<T>(path: string, body: object, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    return parseAnswer((await ask(path, init, jsonBytesMax, signal)).bytes, schema, path)
  }

  const proofOf = ({ plan_id, epoch, batch, token, fence }: LeaseGrant) => ({ node, plan_id, epoch, batch, token, fence })

  return {
    lease: (signal) => persist(() => post('/v1/leases', { node, limit: 1 }, LeaseAnswer, signal), signal),
    plan: (signal) => persist(async () => parseAnswer((await ask('/v1/plan', {}, jsonBytesMax, signal)).bytes, FeedPlanAnswer, '/v1/plan'), signal),
    renew: (grant, signal) => persist(() => post('/v1/leases/renew', proofOf(grant), RenewalAnswer, signal), signal),
    ack(grant, loss, signal) {
      const body = { ...proofOf(grant), loss, tokens: grant.rows * grant.sequence_tokens }
      return persist(() => post('/v1/acks', body, BatchAnswer, signal), signal)
    },
    nack: (grant, reason, signal) => post('/v1/nacks', { ...proofOf(grant), reason: reason.slice(0, 200) }, BatchAnswer, signal),
    tokens: (grant, signal) =>
      persist(
        async () => {
          const { bytes, etag } = await ask(grant.tokens_path, {}, blockBytesMax, signal)
          return checkBlock(bytes, etag, grant)
        },
        signal,
        blockAttemptsMax,
      ),
  }
}

function checkBlock(bytes: Uint8Array, etag: string | null, { rows, sequence_tokens, tokens_path }: LeaseGrant): Uint32Array {
  const expected = 4 * rows * sequence_tokens
  if (bytes.length !== expected) throw failed(`${tokens_path} gave ${bytes.length} bytes, not ${expected}`)
  if (etag !== `"${sha256Hex(bytes)}"`) throw failed(`${tokens_path} gave bytes that do not have the hash of their ETag`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tokens = new Uint32Array(bytes.length / 4)
  for (let i = 0; i < tokens.length; i++) tokens[i] = view.getUint32(4 * i, true)
  return tokens
}

async function readBounded(response: Response, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > bytesMax) throw failed(`${response.url} gave more than ${bytesMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts, bytes)
}

function parseAnswer<T>(bytes: Uint8Array, schema: z.ZodType<T>, path: string): T {
  const parsed = schema.safeParse(parseJson(bytes))
  if (parsed.success) return parsed.data
  throw failed(`${path} gave an answer of another form (${parsed.error.issues[0]?.message ?? 'unreadable'})`)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** Node says "fetch failed" and has the reason as its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error && cause.message !== '' ? `${message}: ${cause.message}` : message
}

/** Codes a node can act on; any other 4xx says that the request itself is wrong. Tokens that cannot be read are not asked for again: the batch is given back. */
const known = new Set<string>(['lease_lost', 'fenced', 'not_found', 'invalid_record', 'too_large', 'data_unreadable'] satisfies ErrorCode[])

function refusal(status: number, bytes: Uint8Array, path: string): OrreryError {
  const parsed = Refusal.safeParse(parseJson(bytes))
  const said = parsed.success ? parsed.data.error : { code: '', message: `status ${status}` }
  if (status >= 500 && !known.has(said.code)) return failed(`${path}: ${said.message}`)
  if (status === 429) return new OrreryError('rate_limited', `The feed has too much to do: ${path}: ${said.message}; it is asked again.`, { status })
  const code = known.has(said.code) ? (said.code as ErrorCode) : 'invalid_argument'
  return new OrreryError(code, `The feed refused ${path}: ${said.message}`, { status })
}

const failed = (problem: string): OrreryError => new OrreryError('upstream_failed', `The feed failed: ${problem}; it is asked again.`, {})
