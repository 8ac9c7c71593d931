import type { BrowserContext, CDPSession, Page, Request, Route } from 'playwright-core'
import { z } from 'zod'
import type { EgressProxy } from './egress-proxy.ts'
import type { Rendered, RenderFailure, RenderOptions } from './rendering.ts'

export interface PageCaps {
  /** Whole time of a page. */
  timeoutMs: number
  /** Largest document, in characters, and largest traffic of one page, in bytes. */
  bytesMax: number
}

export interface PageWork extends RenderOptions {
  url: string
}

export class RenderTrouble extends Error {
  readonly reason: RenderFailure

  constructor(reason: RenderFailure, cause?: unknown) {
    super(reason, { cause })
    this.name = 'RenderTrouble'
    this.reason = reason
  }
}

const wantedTypes = new Set(['document', 'script', 'xhr', 'fetch'])
/** How long a page may take to become quiet (no request for half a second) after its document is there; then it is taken as it stands. */
const quietMsMax = 5000
const watchEveryMs = 50
/** Of one page, so that none makes us ask half the web. */
const requestsMax = 200

/**
 * Loads one page and gives its document as it stands when the network is quiet. Documents, scripts and data are loaded, nothing else.
 * @param ended rejects when the page is to be given up
 * @throws RenderTrouble, and whatever the browser says when it goes away
 */
export async function renderPage(context: BrowserContext, proxy: EgressProxy, work: PageWork, caps: PageCaps, ended: Promise<never>): Promise<Rendered> {
  const page = await context.newPage()
  const limits = new PageLimits(page, proxy, caps)
  try {
    return await Promise.race([ended, limits.broken, drive(page, context, proxy, work, caps)])
  } finally {
    limits.end()
    await page.close()
    await context.unrouteAll({ behavior: 'ignoreErrors' })
  }
}

/** What ends a page from outside: its process dying, its time, its traffic. */
class PageLimits {
  readonly broken: Promise<never>
  readonly #timers: NodeJS.Timeout[]

  constructor(page: Page, proxy: EgressProxy, { timeoutMs, bytesMax }: PageCaps) {
    const { promise, reject } = Promise.withResolvers<never>()
    this.broken = promise
    promise.catch(() => undefined)
    const bytesBefore = proxy.bytes()
    const weigh = (): void => {
      if (proxy.bytes() - bytesBefore <= bytesMax) return
      proxy.cut()
      reject(new RenderTrouble('too_large'))
    }
    page.on('crash', () => reject(new RenderTrouble('page_crashed')))
    page.on('popup', (popup) => void popup.close().catch(() => undefined))
    page.on('dialog', (dialog) => void dialog.dismiss().catch(() => undefined))
    this.#timers = [setTimeout(() => reject(new RenderTrouble('render_timeout')), timeoutMs), setInterval(weigh, watchEveryMs)]
  }

  end(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }
}

async function drive(page: Page, context: BrowserContext, proxy: EgressProxy, work: PageWork, caps: PageCaps): Promise<Rendered> {
  let status = 200
  page.on('response', (response) => {
    if (isMainDocument(response.request(), page)) status = response.status()
  })
  let requests = 0
  await context.route('**/*', (route) => (++requests > requestsMax ? refuse(route) : serve(route, page, work).catch(() => refuse(route))))
  proxy.takeRefusals()
  try {
    await page.goto(work.url, { waitUntil: 'domcontentloaded', timeout: caps.timeoutMs })
    await page.waitForLoadState('networkidle', { timeout: Math.min(quietMsMax, caps.timeoutMs / 2) }).catch(ignoreSlowness)
  } catch (error) {
    if (proxy.takeRefusals().has(new URL(work.url).hostname)) throw new RenderTrouble('egress_refused', error)
    throw error
  }
  const url = page.url()
  const hostname = URL.parse(url)?.hostname ?? ''
  if (proxy.takeRefusals().has(hostname)) throw new RenderTrouble('egress_refused')
  const html = await documentOf(await context.newCDPSession(page), caps.bytesMax)
  return { ok: true, html, url, status, address: proxy.addressOf(hostname.replace(/^\[|\]$/g, '')) }
}

async function serve(route: Route, page: Page, { url, fetched, mayAsk = anything }: PageWork): Promise<void> {
  const request = route.request()
  if (isOfAnother(request, page)) return refuse(route)
  const isMain = isMainDocument(request, page)
  if (isMain && fetched && sameDocument(request.url(), url)) {
    return route.fulfill({ status: 200, body: Buffer.from(fetched.body), contentType: fetched.contentType })
  }
  // Documents in frames are not part of the text that is kept.
  const wanted = wantedTypes.has(request.resourceType()) && (isMain || request.resourceType() !== 'document') && /^https?:/.test(request.url())
  return wanted && ((isMain && sameDocument(request.url(), url)) || (await mayAsk(request.url()))) ? route.continue() : refuse(route)
}

/** Also of a request whose page went away meanwhile: nobody is there to be told. */
const refuse = (route: Route): Promise<void> => route.abort('blockedbyclient').catch(() => undefined)

const anything = (): Promise<boolean> => Promise.resolve(true)

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

/** Only lateness is forgiven: a page whose process died has nothing to give. */
function ignoreSlowness(error: unknown): void {
  if (!(error instanceof Error && error.name === 'TimeoutError')) throw error
}

const FrameTree = z.object({ frameTree: z.object({ frame: z.object({ id: z.string() }) }) })
const World = z.object({ executionContextId: z.number() })
const Evaluated = z.object({ result: z.object({ value: z.string().nullable() }) })

/** The serialized document, read in a world of its own that the page's scripts cannot reach. @throws RenderTrouble `too_large` */
async function documentOf(session: CDPSession, charsMax: number): Promise<string> {
  const { frameTree } = FrameTree.parse(await session.send('Page.getFrameTree'))
  const world = World.parse(await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id }))
  const expression = `(() => { const html = document.documentElement?.outerHTML ?? ''; return html.length > ${charsMax} ? null : html })()`
  const evaluated = Evaluated.parse(await session.send('Runtime.evaluate', { expression, contextId: world.executionContextId, returnByValue: true }))
  await session.detach()
  if (evaluated.result.value === null) throw new RenderTrouble('too_large')
  return `<!doctype html>${evaluated.result.value}`
}
