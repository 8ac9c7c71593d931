import type { Page, Request, Route } from 'playwright-core'
import { headerValues } from '../header-lines.ts'
import type { PageWork, SubAnswer, SubRequest } from './rendering.ts'

export interface RequestCaps {
  /** Time in which a page may ask for things. */
  loadMs: number
  /** All bodies that are given to one page, in bytes. */
  bytesMax: number
}

/** Of one page, so that none makes us ask half the web. */
const requestsMax = 50
/** A page may load itself anew, as long as it does not do so for ever. */
const documentsMax = 3
const kinds: Readonly<Record<string, SubRequest['kind']>> = { script: 'script', xhr: 'data', fetch: 'data' }

/** Answers what a page asks for: its document with what was fetched, scripts and data with what `load` gives, all else with a refusal. */
export class PageRequests {
  /** Resolves when the page goes elsewhere, which it is kept from. */
  readonly left: Promise<void>
  readonly #leave: () => void
  readonly #page: Page
  readonly #work: PageWork
  readonly #caps: RequestCaps
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #endsAt: number
  readonly #loading = new Set<Promise<void>>()
  #documents = 0
  #requests = 0
  #bytes = 0

  constructor(page: Page, work: PageWork, caps: RequestCaps) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.left = promise
    this.#leave = resolve
    this.#page = page
    this.#work = work
    this.#caps = caps
    this.#endsAt = performance.now() + caps.loadMs
    this.#timer = setTimeout(() => this.#stop.abort(new Error('The time to load is over.')), caps.loadMs)
  }

  /** What is left of the time to load, ms. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - performance.now())
  }

  async answer(route: Route): Promise<void> {
    const answering = this.#answer(route).catch(() => refuse(route))
    this.#loading.add(answering)
    await answering.finally(() => this.#loading.delete(answering))
  }

  /** Gives up what is under way; nothing of it goes on afterwards. */
  async end(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stop.abort(new Error('The page is closed.'))
    await Promise.all(this.#loading)
  }

  async #answer(route: Route): Promise<void> {
    const request = route.request()
    if (isOfAnother(request, this.#page)) return refuse(route)
    if (isMainDocument(request, this.#page)) return this.#giveDocument(route)
    const kind = kinds[request.resourceType()]
    const isWanted = kind !== undefined && request.method() === 'GET' && /^https?:/.test(request.url())
    if (!isWanted || this.#stop.signal.aborted || this.#bytes > this.#caps.bytesMax || ++this.#requests > requestsMax) return refuse(route)
    const answer = await this.#work.load({
      url: request.url(),
      kind,
      headers: plainHeaders(request.headers(), new URL(this.#work.url).origin, request.url()),
      leftMs: this.leftMs,
      signal: this.#stop.signal,
    })
    this.#bytes += answer?.body.length ?? 0
    return answer && this.#bytes <= this.#caps.bytesMax ? give(route, answer) : refuse(route)
  }

  /** Where a page goes to is another page, with its own turn. */
  #giveDocument(route: Route): Promise<void> {
    const { url, body, contentType } = this.#work
    if (!sameDocument(route.request().url(), url) || ++this.#documents > documentsMax) {
      this.#leave()
      // What is aborted leaves the document that is there; what is blocked is shown as an error in its place.
      return route.abort('aborted')
    }
    return route.fulfill({ status: 200, body: Buffer.from(body), contentType })
  }
}

/** Also of a request whose page went away meanwhile: nobody is there to be told. */
const refuse = (route: Route): Promise<void> => route.abort('blockedbyclient').catch(() => undefined)

/** The body is decoded, and a page has no memory of whom it asked. */
const dropped = new Set(['content-encoding', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'set-cookie', 'alt-svc', 'link'])

function give(route: Route, { status, headers, body }: SubAnswer): Promise<void> {
  // The browser takes one line for each.
  const kept = Object.keys(headers).flatMap((name) => (dropped.has(name) ? [] : [[name, headerValues(headers, name).join(', ')]]))
  return route.fulfill({ status, headers: Object.fromEntries(kept), body: Buffer.from(body) })
}

/** Who asks is said by our own User-Agent; cookies and what a browser tells of itself are left out. */
const passedOn = /^(?:accept|accept-language|authorization|origin|referer|x-(?!forwarded|real-ip|client).{1,60})$/

function plainHeaders(headers: Record<string, string>, origin: string, url: string): Record<string, string> {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => passedOn.test(name)))
  return new URL(url).origin === origin ? kept : { origin, ...kept }
}

const isMainDocument = (request: Request, page: Page): boolean => request.isNavigationRequest() && request.frame() === page.mainFrame()

const sameDocument = (a: string, b: string): boolean => a.split('#')[0] === b.split('#')[0]

/** A window that the page opened, before it is closed. */
function isOfAnother(request: Request, page: Page): boolean {
  try {
    return request.frame().page() !== page
  } catch {
    // The first navigation of a page whose frame is not there yet: ours has one since it was made.
    return true
  }
}
