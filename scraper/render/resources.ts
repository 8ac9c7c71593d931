import { headerValue, percentEncodedBytes } from '#infra/net/header-lines.ts'
import { isTransient } from '#infra/net/http-failure.ts'
import type { SubAnswer, SubRequest } from '#infra/net/browser/rendering.ts'
import { retryAfterMs } from '#infra/net/retry-after.ts'
import type { TurnEnd } from '#schemas/host-turns.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { inTurn } from '../limits/in-turn.ts'
import { fileAsker, type FileServices } from '../robots/file-asker.ts'
import { crawlDelayOf, mayFetch, type HostRobots } from '../robots/robots.ts'
import type { Scripts } from './scripts.ts'
import { retryAfterTrouble } from '../fetch/retry.ts'

/** The turns are those under which the page's own host is lent for the page. */
export interface ResourceServices extends FileServices {
  telemetry: Telemetry
}

const redirectsMax = 5
/** Of one page. */
const otherHostsMax = 8

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
    this.#page = pageUrl(page) ?? page
    this.#host = hostOf(this.#page)
  }

  /** The page has just been answered: its host is owed the rest of that before anything else. */
  async begin(): Promise<void> {
    const { robots, turns, restMs } = this.#services
    const hostDelayMs = await restMs(this.#host, crawlDelayOf(await robots.of(this.#page)))
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
    const known = (): SubAnswer | undefined => (request.kind === 'script' ? this.#scripts.of(url.href) : undefined)
    const cached = known()
    if (cached) return (this.#count('cached'), cached)
    if (this.#troubled.has(url.host)) return this.#refuse('host_in_trouble')
    const permission = await this.#permission(url.href, request.signal, latest)
    if (!permission) return this.#refuse('late')
    if (permission.state === 'unreachable') {
      this.#troubled.add(url.host)
      return this.#refuse('robots_unreachable')
    }
    if (!mayFetch(permission, url.href)) return this.#refuse('robots_disallowed')
    const wish = { url: url.href, page: this.#page, latest, signal: request.signal }
    // Somebody else may have had the same wish, and his turn before.
    const answer = await inTurn(this.#services, wish, async (end) => known() ?? (await this.#askInTurn(url, request, crawlDelayOf(permission), end)))
    return typeof answer === 'number' ? this.#refuse('late') : answer.done
  }

  /** Of the page's own host it is known; that of another is a request in a turn of its own, with the rest behind it. */
  async #permission(url: string, signal: AbortSignal, latest: number): Promise<HostRobots | undefined> {
    // Others may wait for the same file: what was begun goes on.
    const asker = fileAsker(this.#services, { page: this.#page, latest: () => latest })
    return unlessAborted(this.#services.robots.read(url, asker.robots), signal)
  }

  async #askInTurn(url: URL, { headers, kind, signal }: SubRequest, crawlDelayMs: number, end: TurnEnd): Promise<SubAnswer | undefined> {
    const { http, pace, restMs } = this.#services
    end.hostDelayMs = await restMs(url.host, crawlDelayMs)
    const startedAt = performance.now()
    const answer = await http.get(url.href, { headers, signal, redirectsMax: 0 })
    const reason = answer.ok ? `http_${answer.status}` : answer.reason
    const isTrouble = answer.ok ? /^http_(?:429|500|502|503|504)$/.test(reason) : isTransient(reason)
    end.hostDelayMs = await restMs(url.host, crawlDelayMs, { responseMs: performance.now() - startedAt, isTrouble })
    end.address = answer.address
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
