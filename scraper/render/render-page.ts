import { headerValue } from '#infra/net/header-lines.ts'
import type { Browser } from '#infra/net/browser/rendering.ts'
import type { Found } from '../source/found.ts'
import { sources, type Fetched } from '../source/source.ts'
import { PageResources, type ResourceServices } from './resources.ts'
import { scriptCache } from './scripts.ts'

/** Gives a page as a browser shows it; undefined where that cannot be had. @throws the signal's reason when aborted */
export type RenderPage = (fetched: Fetched, signal: AbortSignal) => Promise<{ html: string; found: Found } | undefined>

export interface RendererOptions extends ResourceServices {
  browser: Browser
}

/** The page's own document is not asked for again; the answer itself (its hash, its headers) stays that of the request. */
export function pageRenderer({ browser, ...services }: RendererOptions): RenderPage {
  const scripts = scriptCache(services.pace)
  return async (fetched, signal) => {
    const { url, headers, body } = fetched
    const resources = new PageResources(services, scripts, url)
    await resources.begin()
    const contentType = headerValue(headers, 'content-type') ?? 'text/html'
    const rendered = await browser.render({ url, body, contentType, load: (request) => resources.load(request) }, signal)
    services.telemetry.count('crawl.rendered', 1, { result: rendered.ok ? 'ok' : rendered.reason })
    if (!rendered.ok) return undefined
    const { html } = rendered
    const shown = sources.page.read({ ...fetched, headers: { ...headers, 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(html) })
    return typeof shown === 'string' ? undefined : { html, found: shown.found }
  }
}
