import { isTransient } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import type { PreviousVisit, Target } from '#schemas/frontier.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import type { HostRobots, Robots } from '../robots/robots.ts'
import type { Found } from '../source/found.ts'
import { sources, type Fetched, type PageContent } from '../source/source.ts'
import { retryAfterMs } from './retry-after.ts'

export interface FetchServices {
  http: Http
  robots: Robots
  /** The clock that Retry-After counts from. */
  pace: Clock
}

/** The robots.txt that allowed a request. */
export type Permission = Exclude<HostRobots, { state: 'unreachable' }>

export interface ReadOutcome {
  kind: 'read'
  fetched: Fetched
  found: Found
  content: PageContent | undefined
  permission: Permission
  wireBytes: number
}

export type FetchOutcome =
  | ReadOutcome
  | { kind: 'unchanged'; permission: Permission; headers: Fetched['headers'] }
  /** The page is somewhere else: undefined when no page's URL is there. */
  | { kind: 'moved'; location: string | undefined; permission: Permission }
  /** Will be the same next time. */
  | { kind: 'refused'; reason: string; permission: Permission | undefined }
  /** May be gone next time. `retryAfterMs` is what the host asked for. */
  | { kind: 'trouble'; reason: string; retryAfterMs: number | undefined; holdHost: boolean; permission: Permission | undefined }

/**
 * Asks for one target, once, if robots.txt allows it, and has the source of its kind read the answer. Redirects are not followed: where they lead is another
 * target, with its own turn, its own host's pace and its own permission.
 * @throws the signal's reason when aborted; nothing else for anything the web may do
 */
export async function fetchTarget(
  { url, kind }: Pick<Target, 'url' | 'kind'>,
  previous: PreviousVisit | undefined,
  { http, robots, pace }: FetchServices,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  const permission = await robots.of(url, signal)
  if (permission.state === 'unreachable')
    return { kind: 'trouble', reason: 'robots_unreachable', retryAfterMs: Math.max(0, permission.until - pace.now()), holdHost: true, permission: undefined }
  const { pathname, search } = new URL(url)
  if (!permission.rules.allows(pathname + search)) return { kind: 'refused', reason: 'robots_disallowed', permission }

  const source = sources[kind]
  const headers = { accept: source.accept, ...conditions(previous) }
  const answer = await http.get(url, { headers, signal, redirectsMax: 0, ...(source.bytesMax === undefined ? {} : { bytesMax: source.bytesMax }) })
  if (!answer.ok) {
    if (!isTransient(answer.reason)) return { kind: 'refused', reason: answer.reason, permission }
    return { kind: 'trouble', reason: answer.reason, retryAfterMs: undefined, holdHost: true, permission }
  }
  const { status } = answer
  if (status === 200 || status === 203) {
    const fetched: Fetched = { url, status, headers: answer.headers, body: answer.body }
    const read = source.read(fetched)
    return typeof read === 'string'
      ? { kind: 'refused', reason: read, permission }
      : { kind: 'read', fetched, ...read, permission, wireBytes: answer.wireBytes }
  }
  return withoutPage(url, status, answer.headers, previous, pace.now(), permission)
}

function withoutPage(
  url: string,
  status: number,
  headers: Fetched['headers'],
  previous: PreviousVisit | undefined,
  now: number,
  permission: Permission,
): FetchOutcome {
  const reason = `http_${status}`
  if (status === 304 && previous) return { kind: 'unchanged', permission, headers }
  if (status === 429 || status === 503) {
    return { kind: 'trouble', reason, retryAfterMs: retryAfterMs(headers['retry-after'], now), holdHost: true, permission }
  }
  if (status === 500 || status === 502 || status === 504) return { kind: 'trouble', reason, retryAfterMs: undefined, holdHost: false, permission }
  const location = headers['location']
  if (status > 300 && status < 400 && location !== undefined) {
    const target = canonicalUrl(location, url)
    return target === url ? { kind: 'refused', reason: 'redirect_loop', permission } : { kind: 'moved', location: target, permission }
  }
  return { kind: 'refused', reason, permission }
}

function conditions(previous: PreviousVisit | undefined): Record<string, string> {
  const headers: Record<string, string> = {}
  if (previous?.etag !== undefined) headers['if-none-match'] = previous.etag
  if (previous?.lastModified !== undefined) headers['if-modified-since'] = previous.lastModified
  return headers
}
