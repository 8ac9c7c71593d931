import { boundedBody } from '#infra/net/bounded-body.ts'
import { retryAfterMs } from '#infra/net/retry-after.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'

export interface AskServices {
  fetch: typeof globalThis.fetch
  pace: Pick<Clock, 'now' | 'sleep'>
}

interface Asked {
  /** In messages: never the address, which may hold a secret. */
  name: string
  url: string
  init?: RequestInit
  bytesMax: number
  timeoutMs: number
}

const [triesMax, waitMsMax, firstWaitMs] = [4, 120_000, 2_000]
const windowMsMax = 600_000

/**
 * JSON of an API, asked again after a while where it is busy (429, 5xx), as it says, else twice as long each time.
 * @throws OrreryError `rate_limited`, `unauthorized` (401), `forbidden` (403), `not_found`, `upstream_failed` with what to do; the signal's reason
 */
export async function askJson({ fetch, pace }: AskServices, { name, url, init, bytesMax, timeoutMs }: Asked, signal: AbortSignal): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) }).catch(
      (cause: unknown) => {
        signal.throwIfAborted()
        return cause
      },
    )
    const isAnswer = answer instanceof Response
    if (isAnswer && answer.ok) {
      const body = await bodyOf(answer, name, bytesMax, signal)
      await restOfWindow(answer, pace, signal)
      return body
    }
    if (isAnswer) await answer.body?.cancel().catch(() => undefined)
    if (isAnswer && answer.status === 401)
      throw new OrreryError('unauthorized', `${name} refuses the credentials (401); look at those in posts.credentials.`, { status: 401 })
    if (isAnswer && answer.status === 403)
      throw new OrreryError('forbidden', `${name} lets nobody at this (403: private, or not for these credentials); leave it out, or ask for leave.`, {
        status: 403,
      })
    const isBusy = !isAnswer || answer.status === 429 || answer.status >= 500
    const said = isAnswer
      ? (retryAfterMs(answer.headers.get('retry-after'), pace.now()) ?? (answer.status === 429 ? windowRestMs(answer) : undefined))
      : undefined
    const waitMs = said ?? firstWaitMs * 2 ** (attempt - 1)
    if (!isBusy || attempt === triesMax || waitMs > waitMsMax) throw failed(name, isAnswer ? answer.status : undefined, waitMs, isAnswer ? undefined : answer)
    await pace.sleep(waitMs, signal)
  }
}

function failed(name: string, status: number | undefined, waitMs: number, cause: unknown): OrreryError {
  if (status === 429)
    return new OrreryError('rate_limited', `${name} lets nobody ask for another ${Math.ceil(waitMs / 1000)} s.`, {
      retry_after_seconds: Math.ceil(waitMs / 1000),
    })
  if (status === 404) return new OrreryError('not_found', `${name} has nothing there (404); look whether it is spelled right.`, { status })
  const what = status === undefined ? 'does not answer' : `answered ${status}`
  return new OrreryError('upstream_failed', `${name} ${what}; try again later, or look at its address in the settings.`, { status: status ?? null }, cause)
}

async function bodyOf(answer: Response, name: string, bytesMax: number, signal: AbortSignal): Promise<unknown> {
  try {
    const body = await boundedBody(answer, bytesMax)
    if (body) return JSON.parse(body.toString())
    throw new OrreryError('upstream_failed', `${name} answered with more than ${bytesMax} bytes; ask it for fewer posts at a time.`, { bytesMax })
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof OrreryError) throw cause
    throw new OrreryError('upstream_failed', `${name} answered with what is no whole JSON; try again later.`, {}, cause)
  }
}

/** Reddit says how many requests are left of its window, and how long that lasts: the last one waits it out. */
async function restOfWindow(answer: Response, pace: AskServices['pace'], signal: AbortSignal): Promise<void> {
  const left = Number.parseFloat(answer.headers.get('x-ratelimit-remaining') ?? '')
  const restMs = windowRestMs(answer)
  if (left < 1 && restMs !== undefined) await pace.sleep(restMs, signal)
}

/** Until its window is over, ms; undefined where it says nothing. */
function windowRestMs({ headers }: Response): number | undefined {
  const seconds = Number.parseFloat(headers.get('x-ratelimit-reset') ?? '')
  return seconds > 0 ? Math.min(windowMsMax, seconds * 1000) : undefined
}
