import type { Browser } from '#infra/net/browser/rendering.ts'
import { decodeText } from '#infra/net/charset.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { Robots } from '../robots/robots.ts'
import { sources } from '../source/source.ts'
import type { ReadOutcome } from './fetch-target.ts'
import { needsRendering } from './render-need.ts'
import { renderWorth } from './render-worth.ts'

/** Gives the page as a browser shows it, where the answer holds less than it promises; any other page as it is. @throws the signal's reason when aborted */
export type RenderPage = (read: ReadOutcome, signal: AbortSignal) => Promise<ReadOutcome>

export interface RendererOptions {
  browser: Browser
  robots: Robots
  telemetry: Telemetry
}

/** What a rendering finds is what scripts may ask for under the same robots.txt; the answer itself (its hash, its headers) stays that of the request. */
export function pageRenderer({ browser, robots, telemetry }: RendererOptions): RenderPage {
  const worth = renderWorth()
  const mayAsk = async (url: string): Promise<boolean> => {
    const found = await robots.of(url)
    const { pathname, search } = new URL(url)
    return found.state !== 'unreachable' && found.rules.allows(pathname + search)
  }
  return async (read, signal) => {
    if (!read.content) return read
    const plain = read.content()
    const asItIs = { ...read, content: () => plain }
    const { url, headers, body } = read.fetched
    const contentType = headers['content-type'] ?? 'text/html'
    const plainChars = plain.page.text.length
    const { host } = new URL(url)
    if (!needsRendering(decodeText(body, contentType).text, plainChars).needed || !worth.isWorth(host)) return asItIs
    const rendered = await browser.render(url, signal, { fetched: { body, contentType }, mayAsk })
    telemetry.count('crawl.rendered', 1, { result: rendered.ok ? 'ok' : rendered.reason })
    if (!rendered.ok) return asItIs
    const shown = sources.page.read({ ...read.fetched, headers: { ...headers, 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(rendered.html) })
    const content = typeof shown === 'string' ? undefined : shown.content?.()
    worth.learn(host, plainChars, content?.page.text.length ?? 0)
    if (typeof shown === 'string' || !content || content.page.text.length <= plainChars) return asItIs
    return { ...read, found: shown.found, content: () => content }
  }
}
