import { headerValue, headerValues } from '#infra/net/header-lines.ts'
import { isOwnRefusal, isTransient } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import { retryAfterMs } from '#infra/net/retry-after.ts'
import type { Clock } from '#schemas/clock.ts'
import { askedUrl, type PreviousVisit, type Target } from '#schemas/frontier.ts'
import type { HostPolicy } from '../robots/rights.ts'
import { mayFetch, type HostRobots, type Robots, type UnreachableRobots } from '../robots/robots.ts'
import type { Found } from '../source/found.ts'
import type { PagePool } from '../document/page-pool.ts'
import { readAnswer } from '../source/read-answer.ts'
import { sources, type Fetched } from '../source/source.ts'
import { headerUrl } from './header-url.ts'
import { RedirectChain, type Detours, type Redirect } from './redirect-chain.ts'

export interface FetchServices {
  http: Http
  robots: Pick<Robots, 'of'>
  /** The clock that Retry-After counts from. */
  pace: Clock
  /** What the request for a URL says beside our own headers; absent: nothing. */
  headersOf?: (url: string) => Readonly<Record<string, string>> | undefined
  /** Reads what is too long to be read here; absent: all is. */
  pages?: Pick<PagePool, 'find'>
  /** The rest of the host after a request, before the next of the same visit, ms; absent: none. */
  restMs?: (ending: { exchange: Exchange; permission: Permission }) => Promise<number>
  /** Whether another page of the host may be asked for on the way; absent: any may be. */
  mayAsk?: (url: string) => boolean
  /** Which hosts send back what they sent away; absent: any may. */
  detours?: Detours
}

/** The robots.txt that allowed a request. */
export type Permission = Exclude<HostRobots, { state: 'unreachable' }>

/** What the request cost the host, to pace the next by. */
export interface Exchange {
  /** The IP address that was asked; undefined for a host served by this process, and where no connection came about. */
  address: string | undefined
  /** Time from the request to the end of its answer. */
  responseMs: number
  wireBytes: number
}

export interface ReadOutcome {
  kind: 'read'
  fetched: Fetched
  found: Found
  /** false: it is there for its links alone. */
  isPage: boolean
  permission: Permission
  /** What the host's other files say of learning from it; undefined = they were not asked. */
  policy?: HostPolicy | undefined
  exchange: Exchange
}

/** May be gone next time. `retryAfterMs` is what the host asked for; `holdHost`: it is the host's trouble, not this page's; `permission` undefined: its robots.txt could not be had. */
interface Trouble {
  kind: 'trouble'
  reason: string
  retryAfterMs: number | undefined
  holdHost: boolean
  permission: Permission | undefined
  exchange: Exchange | undefined
}

/** `exchange` is undefined when the host was not asked. */
export type FetchOutcome =
  | ReadOutcome
  | { kind: 'unchanged'; permission: Permission; headers: Fetched['headers']; exchange: Exchange }
  /** The page is somewhere else, at an address as it is to be asked: undefined when no page's URL is there. */
  | { kind: 'moved'; location: string | undefined; permission: Permission; exchange: Exchange }
  /** Will be the same next time. */
  | { kind: 'refused'; reason: string; permission: Permission | undefined; exchange: Exchange | undefined }
  | Trouble

/** Longest that redirects keep a visit: no request begins later than this after its first. */
export const redirectsMsMax = 20_000

/**
 * Asks for one target, if robots.txt allows it, and has the source of its kind read the answer. Redirects are followed as long as they lead to another
 * spelling of the target, or by way of a check back to it (RedirectChain): each is a request of its own, with its permission, its cookies and the host's rest
 * before it. Where others lead is another target, with its own turn.
 * @param hold as long as the answer is kept
 * @throws the signal's reason when aborted; what reading threw: nothing else for anything the web may do
 */
export async function fetchTarget(
  target: Pick<Target, 'url' | 'asked' | 'kind'>,
  previous: PreviousVisit | undefined,
  services: FetchServices,
  signal: AbortSignal,
  hold?: DisposableStack,
): Promise<FetchOutcome> {
  const { pace, restMs, mayAsk, detours } = services
  const chain = new RedirectChain(askedUrl(target), { now: pace.now, mayAsk, detours })
  const startedAt = pace.now()
  let spent: Exchange | undefined
  for (;;) {
    const answer = added(await ask(target, chain, previous, services, signal, hold), spent)
    if (answer.kind !== 'redirect') return ended(chain, answer)
    const { permission, exchange, retryAfterMs: askedMs = 0 } = answer
    const turn = chain.turn(answer)
    if (turn !== 'next') return ended(chain, { ...turn, permission, exchange })
    const waitMs = Math.max(askedMs, (await restMs?.({ exchange, permission })) ?? 0)
    if (pace.now() + waitMs - startedAt > redirectsMsMax)
      return { ...(chain.moved ?? { kind: 'refused', reason: 'redirect_rest_too_long' }), permission, exchange }
    if (waitMs > 0) await pace.sleep(waitMs, signal)
    spent = exchange
  }
}

/** What a chain of redirects ends with: what another page than the target answers counts for nothing, unless its host wants to be left alone. */
function ended(chain: RedirectChain, outcome: FetchOutcome): FetchOutcome {
  chain.end()
  const { permission, exchange } = outcome
  const isOver = chain.isAtPage || (outcome.kind === 'trouble' && outcome.holdHost)
  return isOver || !chain.moved || !permission || !exchange ? outcome : { ...chain.moved, permission, exchange }
}

/** With what the requests before it cost. */
function added<Outcome extends { exchange: Exchange | undefined }>(outcome: Outcome, spent: Exchange | undefined): Outcome {
  if (!spent) return outcome
  const { exchange } = outcome
  return { ...outcome, exchange: exchange ? { ...exchange, wireBytes: exchange.wireBytes + spent.wireBytes } : spent }
}

type RedirectAnswer = Redirect & { kind: 'redirect'; retryAfterMs: number | undefined; permission: Permission; exchange: Exchange }

/** One request. */
async function ask(
  { url: page, kind }: Pick<Target, 'url' | 'kind'>,
  chain: RedirectChain,
  previous: PreviousVisit | undefined,
  { http, robots, pace, headersOf, pages }: FetchServices,
  signal: AbortSignal,
  hold: DisposableStack | undefined,
): Promise<FetchOutcome | RedirectAnswer> {
  const { at: url, isAtPage } = chain
  const permission = await robots.of(url, signal)
  if (permission.state === 'unreachable') return withoutRobots(permission, pace.now())
  if (!mayFetch(permission, url)) return { kind: 'refused', reason: 'robots_disallowed', permission, exchange: undefined }

  const source = sources[kind]
  const startedAt = performance.now()
  const condition = isAtPage ? previous : undefined
  const headers = { ...headersOf?.(page), accept: source.accept, ...conditions(condition), ...chain.headers }
  const answer = await http.get(url, {
    headers,
    signal,
    redirectsMax: 0,
    ...(hold && { hold }),
    ...(source.bytesMax === undefined ? {} : { bytesMax: source.bytesMax }),
  })
  const exchange = { address: answer.address, responseMs: performance.now() - startedAt, wireBytes: answer.wireBytes }
  if (!answer.ok) {
    if (isTransient(answer.reason))
      return { kind: 'trouble', reason: answer.reason, retryAfterMs: undefined, holdHost: answer.reason === 'dns_failed', permission, exchange }
    return { kind: 'refused', reason: answer.reason, permission, exchange: isOwnRefusal(answer.reason) ? undefined : exchange }
  }
  const { status } = answer
  if ((status === 200 || status === 203) && isAtPage) {
    const fetched: Fetched = { url, status, headers: answer.headers, body: answer.body, wireBytes: answer.wireBytes }
    const read = await readAnswer(kind, fetched, pages, signal)
    return typeof read === 'string' ? { kind: 'refused', reason: read, permission, exchange } : { kind: 'read', fetched, ...read, permission, exchange }
  }
  return withoutPage(url, status, answer.headers, condition, pace.now(), { permission, exchange })
}

/** What is wrong with the host is the reason of its pages, too; what is wrong with its robots.txt alone is not. */
function withoutRobots({ reason, isOfHost, until, isAsked }: UnreachableRobots, now: number): FetchOutcome {
  if (isOfHost && !isTransient(reason)) return { kind: 'refused', reason, permission: undefined, exchange: undefined }
  const retryAfter = isAsked || isOfHost ? Math.max(0, until - now) : undefined
  const trouble = { kind: 'trouble', retryAfterMs: retryAfter, holdHost: true, permission: undefined, exchange: undefined } as const
  return { ...trouble, reason: isOfHost ? reason : 'robots_unreachable' }
}

function withoutPage(
  url: string,
  status: number,
  headers: Fetched['headers'],
  previous: PreviousVisit | undefined,
  now: number,
  asked: { permission: Permission; exchange: Exchange },
): FetchOutcome | RedirectAnswer {
  const reason = `http_${status}`
  if (status === 304 && isConditional(previous)) return { kind: 'unchanged', headers, ...asked }
  if (status === 429 || status === 503)
    return { kind: 'trouble', reason, retryAfterMs: retryAfterMs(headerValue(headers, 'retry-after'), now), holdHost: true, ...asked }
  // 408 and 425 are 4xx by number and "not now" by meaning.
  if (status >= 500 || status === 408 || status === 425) return { kind: 'trouble', reason, retryAfterMs: undefined, holdHost: false, ...asked }
  const location = headerValue(headers, 'location')
  if (status > 300 && status < 400 && location !== undefined) {
    const isTemporary = status === 302 || status === 303 || status === 307
    const wait = { retryAfterMs: retryAfterMs(headerValue(headers, 'retry-after'), now) }
    return { kind: 'redirect', to: headerUrl(location, url), isTemporary, setCookies: headerValues(headers, 'set-cookie'), ...wait, ...asked }
  }
  return { kind: 'refused', reason, ...asked }
}

const isConditional = (previous: PreviousVisit | undefined): boolean => previous?.etag !== undefined || previous?.lastModified !== undefined

function conditions(previous: PreviousVisit | undefined): Record<string, string> {
  const headers: Record<string, string> = {}
  // Said twice, it is said in two lines, and means nothing.
  if (previous?.etag !== undefined) headers['if-none-match'] = previous.etag
  if (previous?.lastModified !== undefined) headers['if-modified-since'] = previous.lastModified
  return headers
}
