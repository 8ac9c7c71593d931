import type { BrowserPool } from './browser/pool.ts'
import type { Browser, Rendered } from './browser/rendering.ts'
import { createEgress, type Egress, type EgressOptions } from './egress.ts'

export interface BrowserOptions extends EgressOptions {
  /** Of Chromium; see findChromium. */
  executablePath: string
  /** The crawler's own, with its contact: a rendered page is asked for under the same name. */
  userAgent: string
  /** Pages open at the same time. */
  pagesMax: number
  /** Whole time of one page. */
  timeoutMs: number
  /** Largest document, in characters, and largest traffic of one page, in bytes. */
  bytesMax: number
  /** An idle browser is closed after this; default a minute. */
  idleMs?: number
}

/**
 * Renders pages in a Chromium that starts with the first of them. Everything it asks goes through a proxy of ours under the same egress rule as the
 * HTTP client. Why Playwright alone and not crawlee's browser crawler: that brings a queue, sessions and fingerprints of its own, none of which we may use.
 */
export function openBrowser(options: BrowserOptions): Browser {
  const egress = createEgress(options)
  let opening: Promise<BrowserPool> | undefined
  let closed = false
  const pool = (): Promise<BrowserPool> => (opening ??= openPool(options, egress))
  const close = async (): Promise<void> => {
    closed = true
    await (await opening)?.close()
  }
  return {
    async render(url, signal, more = {}) {
      signal.throwIfAborted()
      if (closed) return { ok: false, reason: 'browser_unavailable' }
      try {
        egress.admit(url)
      } catch {
        return { ok: false, reason: 'egress_refused' }
      }
      try {
        return await (await pool()).render({ ...more, url }, signal)
      } catch (error) {
        signal.throwIfAborted()
        return { ok: false, reason: reasonOf(error) }
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Playwright and the proxy take a third of a second to load: only who renders pays for it. */
async function openPool({ idleMs = 60_000, ...options }: BrowserOptions, egress: Egress): Promise<BrowserPool> {
  const { BrowserPool } = await import('./browser/pool.ts')
  return new BrowserPool({ ...options, idleMs, egress })
}

const reasonOf = (error: unknown): Extract<Rendered, { ok: false }>['reason'] =>
  error instanceof Error && error.name === 'RenderTrouble' && 'reason' in error ? (error.reason as 'page_crashed') : 'navigation_failed'
