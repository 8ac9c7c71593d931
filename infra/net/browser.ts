import type { BrowserPool } from './browser/pool.ts'
import type { Browser, Rendered } from './browser/rendering.ts'

export interface BrowserOptions {
  /** Of Chromium; see findChromium. */
  executablePath: string
  /** The crawler's own, with its contact: scripts see who renders them. */
  userAgent: string
  /** Pages open at the same time. */
  pagesMax: number
  /** Whole time of one page, once it has its place; it waits for one no longer than that. */
  timeoutMs: number
  /** Largest document, in characters, and all that one page is given, in bytes. */
  bytesMax: number
  /** An idle browser is closed after this; default a minute. */
  idleMs?: number
}

/** Giving up a page that does not close takes a little beside the page. */
const overheadMs = 5000

/**
 * Renders pages in a Chromium that starts with the first of them. It asks nobody for anything: each page is given its document and what its `load` allows, and
 * the only way out leads to a proxy that lets nothing through. Why Playwright alone and not crawlee's browser crawler: that brings a queue, sessions and
 * fingerprints of its own, none of which we may use.
 */
export function openBrowser(options: BrowserOptions): Browser {
  let opening: Promise<BrowserPool> | undefined
  let closed = false
  const pool = (): Promise<BrowserPool> => (opening ??= openPool(options))
  const close = async (): Promise<void> => {
    closed = true
    await (await opening)?.close()
  }
  return {
    longestMs: options.timeoutMs * 2 + overheadMs,
    async render(work, signal) {
      signal.throwIfAborted()
      if (closed) return { ok: false, reason: 'browser_unavailable' }
      try {
        return await (await pool()).render(work, signal)
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
async function openPool({ idleMs = 60_000, ...options }: BrowserOptions): Promise<BrowserPool> {
  const { BrowserPool } = await import('./browser/pool.ts')
  return new BrowserPool({ ...options, idleMs })
}

const reasonOf = (error: unknown): Extract<Rendered, { ok: false }>['reason'] =>
  error instanceof Error && error.name === 'RenderTrouble' && 'reason' in error ? (error.reason as 'page_crashed') : 'navigation_failed'
