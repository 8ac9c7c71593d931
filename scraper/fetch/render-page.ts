import type { Browser } from '#infra/net/browser/rendering.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { Robots } from '../robots/robots.ts'
import type { Found } from '../source/found.ts'
import { sources, type Fetched } from '../source/source.ts'

/** Gives a page as a browser shows it; undefined where that cannot be had. @throws the signal's reason when aborted */
export type RenderPage = (fetched: Fetched, signal: AbortSignal) => Promise<{ html: string; found: Found } | undefined>

export interface RendererOptions {
  browser: Browser
  robots: Robots
  telemetry: Telemetry
}

/** What a rendering finds is what scripts may ask for under the same robots.txt; the answer itself (its hash, its headers) stays that of the request. */
export function pageRenderer({ browser, robots, telemetry }: RendererOptions): RenderPage {
  const mayAsk = async (url: string): Promise<boolean> => {
    const found = await robots.of(url)
    const { pathname, search } = new URL(url)
    return found.state !== 'unreachable' && found.rules.allows(pathname + search)
  }
  return async (fetched, signal) => {
    const { url, headers, body } = fetched
    const rendered = await browser.render(url, signal, { fetched: { body, contentType: headers['content-type'] ?? 'text/html' }, mayAsk })
    telemetry.count('crawl.rendered', 1, { result: rendered.ok ? 'ok' : rendered.reason })
    if (!rendered.ok) return undefined
    const { html } = rendered
    const shown = sources.page.read({ ...fetched, headers: { ...headers, 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(html) })
    return typeof shown === 'string' ? undefined : { html, found: shown.found }
  }
}
