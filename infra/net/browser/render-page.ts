import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { z } from 'zod'
import { PageRequests } from './page-requests.ts'
import type { PageWork, Rendered, RenderFailure } from './rendering.ts'

export interface PageCaps {
  /** Whole time of a page; two thirds of it are for loading. */
  timeoutMs: number
  /** Largest document, in characters, and all that one page is given, in bytes. */
  bytesMax: number
}

export class RenderTrouble extends Error {
  readonly reason: RenderFailure

  constructor(reason: RenderFailure, cause?: unknown) {
    super(reason, { cause })
    this.name = 'RenderTrouble'
    this.reason = reason
  }
}

/** What a page does with the last thing it was given, before it is taken as it stands. */
const settleMs = 1000

/**
 * Shows one page and gives its document as it stands when nothing is asked for any more for half a second, or the time for that is over.
 * @param ended rejects when the page is to be given up
 * @throws RenderTrouble, and whatever the browser says when it goes away
 */
export async function renderPage(context: BrowserContext, work: PageWork, caps: PageCaps, ended: Promise<never>): Promise<Rendered> {
  const page = await context.newPage()
  const requests = new PageRequests(page, work, { loadMs: (caps.timeoutMs * 2) / 3, bytesMax: caps.bytesMax })
  using limits = new PageLimits(page, caps)
  try {
    return await Promise.race([ended, limits.broken, drive(page, context, requests, work, caps)])
  } finally {
    await Promise.all([requests.end(), page.close()])
    await context.unrouteAll({ behavior: 'ignoreErrors' })
  }
}

/** What ends a page from outside: its process dying, its time. */
class PageLimits {
  readonly broken: Promise<never>
  readonly #timer: NodeJS.Timeout

  constructor(page: Page, { timeoutMs }: PageCaps) {
    const { promise, reject } = Promise.withResolvers<never>()
    this.broken = promise
    promise.catch(() => undefined)
    page.on('crash', () => reject(new RenderTrouble('page_crashed')))
    page.on('popup', (popup) => void popup.close().catch(() => undefined))
    page.on('dialog', (dialog) => void dialog.dismiss().catch(() => undefined))
    this.#timer = setTimeout(() => reject(new RenderTrouble('render_timeout')), timeoutMs)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}

async function drive(page: Page, context: BrowserContext, requests: PageRequests, work: PageWork, caps: PageCaps): Promise<Rendered> {
  await context.route('**/*', (route) => requests.answer(route))
  const opening = page.goto(work.url, { waitUntil: 'domcontentloaded', timeout: caps.timeoutMs }).then(() => 'opened')
  opening.catch(() => undefined)
  // A document that is left while it is read is never read to its end; one that is left later stands as it is.
  const how = await Promise.race([opening, requests.left.then(() => 'left')])
  if (how === 'left') throw new RenderTrouble('page_left')
  await page.waitForLoadState('networkidle', { timeout: requests.leftMs + settleMs }).catch(ignoreSlowness)
  const url = page.url()
  if (new URL(url).origin !== new URL(work.url).origin) throw new RenderTrouble('navigation_failed')
  const html = await documentOf(await context.newCDPSession(page), caps.bytesMax)
  return { ok: true, html, url }
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
