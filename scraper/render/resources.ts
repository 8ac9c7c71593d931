import { headerValue, percentEncodedBytes } from '#infra/net/header-lines.ts'
import { isTransient } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import type { SubAnswer, SubRequest } from '#infra/net/browser/rendering.ts'
import type { Clock } from '#schemas/clock.ts'
import type { HostTurn, HostTurns, TurnEnd } from '#schemas/host-turns.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { crawlDelayOf, mayFetch, type Robots } from '../robots/robots.ts'
import type { Scripts } from './scripts.ts'
import { retryAfterTrouble } from '../fetch/retry.ts'
import { retryAfterMs } from '../fetch/retry-after.ts'

export interface ResourceServices {
  http: Http
  robots: Robots
  /** Under which the page's own host is lent for the page. */
  turns: HostTurns
  pace: Clock
  telemetry: Telemetry
  /** Rest of a host (name and port) after an answer of it, or after we came as far as its robots.txt; ms. */
  restMs(host: string, crawlDelayMs: number, answer?: { responseMs: number; isTrouble: boolean }): number
  /** Whether it may be asked for a page's sake, whatever its host says. */
  mayAsk(url: string): boolean
  /** Told of each request. */
  onRequest(wireBytes: number): void
  /** Longest a robots.txt and one request take together. */
  turnMs: number
}

const redirectsMax = 5
/** Of one page. */
const otherHostsMax = 8
/** How often one looks whether somebody else's turn is over. */
const pollMs = 50

/**
 * What one page asks for while it is rendered. Each request is the crawler's own: under the egress rule and the caps of its client, allowed by robots.txt, in
 * its turn at the host, hop by hop. A host in trouble is not asked again for this page, and one that says "later" is held as if a page had been told so.
 */
export class PageResources {
  readonly #services: ResourceServices
  readonly #scripts: Scripts
  readonly #page: string
  readonly #host: string
  readonly #others = new Set<string>()
  readonly #troubled = new Set<string>()
  /** Host → its newest request: they go one by one. */
  readonly #lines = new Map<string, Promise<unknown>>()

  constructor(services: ResourceServices, scripts: Scripts, page: string) {
    this.#services = services
    this.#scripts = scripts
    // Turns are taken for who claimed the host.
    this.#page = canonicalUrl(page) ?? page
    this.#host = hostOf(this.#page)
  }

  /** The page has just been answered: its host is owed the rest of that before anything else. */
  async begin(): Promise<void> {
    const { robots, turns, restMs } = this.#services
    const hostDelayMs = restMs(this.#host, crawlDelayOf(await robots.of(this.#page)))
    await turns.endTurn({ url: this.#page, page: this.#page, isWithin: true }, { hostDelayMs })
  }

  /** Undefined where there is nothing to be had: refused, not in time, or too many hops. @throws the signal's reason when aborted */
  async load(request: SubRequest): Promise<SubAnswer | undefined> {
    const latest = Math.floor(this.#services.pace.now() + request.leftMs)
    let url: URL | null = withoutHash(new URL(request.url))
    for (let hops = 0; url && hops <= redirectsMax && this.#isAllowed(url); hops++) {
      const answer: SubAnswer | undefined = await this.#inLine(url, request, latest)
      const location = answer && isRedirect(answer.status) ? headerValue(answer.headers, 'location') : undefined
      if (location === undefined) return answer
      url = URL.parse(percentEncodedBytes(location), url.href)
    }
    this.#count('not_asked')
    return undefined
  }

  #isAllowed(url: URL): boolean {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return false
    if (!this.#services.mayAsk(url.href)) return false
    if (url.host !== this.#host && this.#others.size < otherHostsMax) this.#others.add(url.host)
    return url.host === this.#host || this.#others.has(url.host)
  }

  async #inLine(url: URL, request: SubRequest, latest: number): Promise<SubAnswer | undefined> {
    const before = this.#lines.get(url.host)
    const asking = (async () => {
      await before?.catch(() => undefined)
      request.signal.throwIfAborted()
      return this.#ask(url, request, latest)
    })()
    this.#lines.set(url.host, asking)
    return asking
  }

  async #ask(url: URL, request: SubRequest, latest: number): Promise<SubAnswer | undefined> {
    const isOwn = url.host === this.#host
    const known = (): SubAnswer | undefined => (request.kind === 'script' ? this.#scripts.of(url.href) : undefined)
    const cached = known()
    if (cached) return (this.#count('cached'), cached)
    if (this.#troubled.has(url.host)) return this.#refuse('host_in_trouble')
    // The page's own robots.txt has been read; that of another host is a request in its own turn.
    if (isOwn && !mayFetch(await this.#services.robots.of(url.href), url.href)) return this.#refuse('robots_disallowed')
    const turn = await this.#turn(url, request, latest)
    if (!turn) return this.#refuse('late')
    const end: TurnEnd & { isLeft?: boolean } = { hostDelayMs: 0 }
    try {
      await this.#services.pace.sleep(turn.startsAt - this.#services.pace.now(), request.signal)
      // Somebody else may have had the same wish, and his turn before.
      return known() ?? (await this.#askInTurn(url, request, end))
    } finally {
      if (end.isLeft !== true) await this.#services.turns.endTurn(turn, end)
    }
  }

  async #turn(url: URL, { signal }: SubRequest, latest: number): Promise<HostTurn | undefined> {
    const { turns, pace, turnMs } = this.#services
    for (;;) {
      const turn = await turns.takeTurn({ url: url.href, page: this.#page, latest, leaseMs: turnMs })
      if (typeof turn !== 'number') return turn
      if (Math.max(turn, pace.now()) >= latest) return undefined
      await pace.sleep(Math.max(turn - pace.now(), pollMs), signal)
    }
  }

  async #askInTurn(url: URL, { headers, kind, signal }: SubRequest, end: TurnEnd & { isLeft?: boolean }): Promise<SubAnswer | undefined> {
    const { http, robots, pace, restMs, onRequest } = this.#services
    const found = await unlessAborted(robots.of(url.href), signal)
    // The robots.txt is still being asked for: the turn ends by itself.
    if (!found) return ((end.isLeft = true), undefined)
    const crawlDelayMs = crawlDelayOf(found)
    end.hostDelayMs = restMs(url.host, crawlDelayMs)
    if (found.state === 'unreachable') {
      this.#troubled.add(url.host)
      end.until = Math.ceil(found.until)
      return this.#refuse('robots_unreachable')
    }
    if (!mayFetch(found, url.href)) return this.#refuse('robots_disallowed')
    const startedAt = performance.now()
    const answer = await http.get(url.href, { headers, signal, redirectsMax: 0 })
    const reason = answer.ok ? `http_${answer.status}` : answer.reason
    const isTrouble = answer.ok ? /^http_(?:429|500|502|503|504)$/.test(reason) : isTransient(reason)
    end.hostDelayMs = restMs(url.host, crawlDelayMs, { responseMs: performance.now() - startedAt, isTrouble })
    end.address = answer.address
    onRequest(answer.ok ? answer.wireBytes : 0)
    this.#count(reason === 'http_200' ? 'ok' : reason)
    if (isTrouble || !answer.ok) this.#troubled.add(url.host)
    if (/^(?:http_429|http_503|dns_failed)$/.test(reason)) {
      const retry = retryAfterTrouble(reason, 1, answer.ok ? retryAfterMs(headerValue(answer.headers, 'retry-after'), pace.now()) : undefined)
      if (retry.retry) end.until = Math.ceil(pace.now() + retry.inMs)
    }
    if (!answer.ok) return undefined
    if (kind === 'script') this.#scripts.keep(url.href, answer)
    return answer
  }

  #refuse(reason: string): undefined {
    this.#count(reason)
  }

  #count(result: string): void {
    this.#services.telemetry.count('crawl.render_requests', 1, { result })
  }
}

const isRedirect = (status: number): boolean => status > 300 && status < 400 && status !== 304

function withoutHash(url: URL): URL {
  url.hash = ''
  return url
}

/** Undefined as soon as the signal is aborted; what was begun goes on. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const stop = (): void => resolve(undefined)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
