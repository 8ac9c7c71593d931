import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { boundedBody } from '#infra/net/bounded-body.ts'
import { retryAfterMs } from '#infra/net/retry-after.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError, type ErrorCode } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { BatchAnswer, FeedPlanAnswer, LeaseAnswer, RenewalAnswer, type LeaseGrant } from '#schemas/feed.ts'
import { NodeAnswer, RegistrationAnswer } from '#schemas/feed-nodes.ts'
import type { Identity } from './identity.ts'

export interface FeedClientParts {
  origin: string
  node: string
  identity: Identity
  fetch: typeof globalThis.fetch
  pace: Clock
  /** Hears once of each call that has to be made again. */
  telemetry: Pick<Telemetry, 'event'>
  /** 0 up to 1; absent: Math.random. */
  random?: () => number
}

/**
 * The feed as a node sees it. What passes by itself (no connection, 5xx, 429, a cut or wrong body) is asked again, with a growing pause, or what the feed asks
 * for, and each node at a moment of its own, until the signal is aborted: a feed may be restarted at any moment; one that does not know the node any more is joined again. @throws OrreryError the feed's own code for any other 4xx, and the signal's reason when it is aborted
 */
export interface FeedClient {
  /** Says who this is, and what it is known by from now on. @throws `unauthorized`, `forbidden` when the name is another's */
  join(signal: AbortSignal): Promise<NodeAnswer>
  /** A batch, as soon as there is one in the next seconds; a repeated request gets the same one. @param availableForMs asked at each attempt; Infinity: without end */
  lease(signal: AbortSignal, availableForMs: () => number): Promise<LeaseAnswer>
  plan(signal: AbortSignal): Promise<FeedPlanAnswer>
  /** The tokens of the batch, of exactly the size and hash they must have. @throws after 8 attempts (15 s): the batch may be unreadable for good */
  tokens(grant: LeaseGrant, signal: AbortSignal): Promise<Uint32Array>
  renew(grant: LeaseGrant, signal: AbortSignal): Promise<RenewalAnswer>
  ack(grant: LeaseGrant, loss: number, signal: AbortSignal): Promise<BatchAnswer>
  /** One attempt only: a batch that cannot be given back returns when its lease runs out. */
  nack(grant: LeaseGrant, reason: string, signal: AbortSignal): Promise<BatchAnswer>
  /** Says that it wants nothing more, until it joins again. One attempt only. */
  drain(signal: AbortSignal): Promise<NodeAnswer>
  /** What the feed has booked of this node. One attempt only. */
  history(signal: AbortSignal): Promise<NodeAnswer>
}

const requestMs = 40_000
const firstPauseMs = 100
const longestPauseMs = 5_000
const blockAttemptsMax = 8
/** How long a feed may take to have a batch; it stands before the patience of a request. */
const waitMs = 20_000
/** A year: what a feed takes as the longest. */
const availableMsMax = 366 * 86_400_000
/** Of a node whose token is over, and that does not know yet whom to sign for, and what time it is there. */
const joiningsMax = 4
const jsonBytesMax = 1 << 20
/** 1,024 rows of 131,072 tokens, the most the settings allow. */
const blockBytesMax = 2 ** 29

const Refusal = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.object({ receivers: z.array(z.string()).optional(), server_time_ms: z.number().optional() }).catch({}),
  }),
})

export function feedClient({ origin, node, identity, fetch, pace, telemetry, random = Math.random }: FeedClientParts): FeedClient {
  async function ask(path: string, init: RequestInit, bytesMax: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; etag: string | null }> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(requestMs)])
    const known = await identity.headers({ method: init.method ?? 'GET', path, body: typeof init.body === 'string' ? init.body : '' })
    const headers = { ...(init.headers as Record<string, string> | undefined), ...known }
    const response = await fetch(new URL(path, origin), { ...init, headers, signal: bounded, redirect: 'error' }).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw failed(`${path}: ${reasonOf(cause)}`)
    })
    const bytes = await boundedBody(response, bytesMax)
    if (!bytes) throw failed(`${response.url} gave more than ${bytesMax} bytes`)
    if (!response.ok) throw refusal(response, bytes, path, retryAfterMs(response.headers.get('retry-after'), pace.now()))
    return { bytes, etag: response.headers.get('etag') }
  }

  /** @param again what is done about a refusal before another attempt; false: nothing */
  async function persist<T>(attempt: () => Promise<T>, signal: AbortSignal, attemptsMax = Infinity, again = joinAgain(signal)): Promise<T> {
    let pauseMs = firstPauseMs
    for (let attempts = 1; ; attempts++, pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      signal.throwIfAborted()
      try {
        return await attempt()
      } catch (error) {
        signal.throwIfAborted()
        if (await again(error)) continue
        if (attempts === attemptsMax || (error instanceof OrreryError && !error.retryable)) throw error
        if (attempts === 1) telemetry.event('node.feed_waited_for', { node, origin, reason: reasonOf(error) })
        await pace.sleep(spread(pauseMs, error), signal)
      }
    }
  }

  /** All nodes of a feed lose it in one moment, and would come back in one. */
  function spread(pauseMs: number, error: unknown): number {
    const asked = error instanceof OrreryError ? error.details['retry_after_ms'] : undefined
    return Math.max(pauseMs * (0.5 + random() / 2), typeof asked === 'number' ? Math.min(asked, longestPauseMs) * (1 + random() / 2) : 0)
  }

  /** Whom a feed does not know any more joins again, once: its token is over, or the feed has lost it. */
  function joinAgain(signal: AbortSignal): (error: unknown) => Promise<boolean> {
    let isDone = false
    return async (error) => {
      if (isDone || !(error instanceof OrreryError && error.code === 'unauthorized')) return false
      isDone = true
      await join(signal, error)
      return true
    }
  }

  async function post<T>(path: string, body: object, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    return parseAnswer((await ask(path, init, jsonBytesMax, signal)).bytes, schema, path)
  }

  /** @param refusal that it joins because of */
  async function join(signal: AbortSignal, refusal?: OrreryError): Promise<NodeAnswer> {
    if (refusal) identity.learn(refusal)
    let joinings = 0
    const again = async (error: unknown): Promise<boolean> => ++joinings < joiningsMax && identity.learn(error)
    const request_id = randomUUID()
    const { token, ...known } = await persist(() => post('/v1/nodes', { node, request_id }, RegistrationAnswer, signal), signal, Infinity, again)
    await identity.joined(token)
    return known
  }

  const ofNode = (rest = ''): string => `/v1/nodes/${node}${rest}`
  const proofOf = ({ plan_id, epoch, batch, token, fence }: LeaseGrant) => ({ node, plan_id, epoch, batch, token, fence })

  return {
    join: (signal) => join(signal),
    lease(signal, availableForMs) {
      const body = { node, limit: 1, request_id: randomUUID(), wait_ms: waitMs }
      return persist(() => post('/v1/leases', { ...body, ...availableFor(availableForMs()) }, LeaseAnswer, signal), signal)
    },
    plan: (signal) => persist(async () => parseAnswer((await ask('/v1/plan', {}, jsonBytesMax, signal)).bytes, FeedPlanAnswer, '/v1/plan'), signal),
    renew: (grant, signal) => persist(() => post('/v1/leases/renew', proofOf(grant), RenewalAnswer, signal), signal),
    ack(grant, loss, signal) {
      const body = { ...proofOf(grant), loss, tokens: grant.rows * grant.sequence_tokens }
      return persist(() => post('/v1/acks', body, BatchAnswer, signal), signal)
    },
    nack: (grant, reason, signal) => post('/v1/nacks', { ...proofOf(grant), reason: reason.slice(0, 200) }, BatchAnswer, signal),
    drain: (signal) => post(ofNode('/drain'), {}, NodeAnswer, signal),
    history: async (signal) => parseAnswer((await ask(ofNode(), {}, jsonBytesMax, signal)).bytes, NodeAnswer, ofNode()),
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

const availableFor = (ms: number): { available_for_ms?: number } => (ms > availableMsMax ? {} : { available_for_ms: Math.max(0, Math.floor(ms)) })

function checkBlock(bytes: Uint8Array, etag: string | null, { rows, row_tokens, tokens_path }: LeaseGrant): Uint32Array {
  const expected = 4 * rows * row_tokens
  if (bytes.length !== expected) throw failed(`${tokens_path} gave ${bytes.length} bytes, not ${expected}`)
  // Weak where a proxy between has compressed and unpacked it: the bytes say the same.
  if (etag?.replace(/^W\//, '') !== `"${sha256Hex(bytes)}"`) throw failed(`${tokens_path} gave bytes that do not have the hash of their ETag`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tokens = new Uint32Array(bytes.length / 4)
  for (let i = 0; i < tokens.length; i++) tokens[i] = view.getUint32(4 * i, true)
  return tokens
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

/** The request came too late, or too early: of a machine that slept, or has too much to do, and another time it is taken. */
const late = new Set([408, 425])

/** Codes a node can act on; any other 4xx says that the request itself is wrong. */
const known = new Set<string>(['lease_lost', 'fenced', 'not_found', 'invalid_record', 'too_large', 'unauthorized', 'forbidden'] satisfies ErrorCode[])

/** @param retryMs what the feed asks to be left alone for */
function refusal({ status }: Response, bytes: Uint8Array, path: string, retryMs: number | undefined): OrreryError {
  const retry = retryMs === undefined ? {} : { retry_after_ms: retryMs }
  const parsed = Refusal.safeParse(parseJson(bytes))
  const said = parsed.success ? parsed.data.error : { code: '', message: `status ${status}`, details: {} }
  // Whatever it is that fails there, its operator mends it, and no node need be started again.
  if (status >= 500 || late.has(status)) return failed(`${path}: ${said.message}`, retry)
  if (status === 429) return new OrreryError('rate_limited', `The feed has too much to do: ${path}: ${said.message}; it is asked again.`, { status, ...retry })
  const code = known.has(said.code) ? (said.code as ErrorCode) : 'invalid_argument'
  return new OrreryError(code, `The feed refused ${path}: ${said.message}`, { ...said.details, status })
}

const failed = (problem: string, details: object = {}): OrreryError =>
  new OrreryError('upstream_failed', `The feed failed: ${problem}; see that it runs and can be reached.`, { ...details })
