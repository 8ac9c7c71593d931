/** What a browser made of a page, or the stable code of why there is nothing. */
export type Rendered =
  | {
      ok: true
      /** The document as it stands when the page has become quiet. */
      html: string
      /** After redirects and after what scripts did to the address. */
      url: string
      status: number
      /** The IP address the browser's requests to the page's host went to; undefined when it made none, or the host is one of our own. */
      address: string | undefined
    }
  | { ok: false; reason: RenderFailure }

export type RenderFailure =
  /** No Chromium could be started. */
  | 'browser_unavailable'
  /** The whole browser died under the page; the next page gets a new one. */
  | 'browser_crashed'
  /** The process of this page died. */
  | 'page_crashed'
  | 'render_timeout'
  /** More bytes than allowed, over the wire or in the document. */
  | 'too_large'
  /** The page went somewhere that may not be asked. */
  | 'egress_refused'
  | 'navigation_failed'

interface FetchedPage {
  body: Uint8Array
  contentType: string
}

export interface RenderOptions {
  /** The answer the crawler has: the page's own document is then not requested a second time. */
  fetched?: FetchedPage
  /** Asked of every request a page makes beside its own document, before it is made (robots.txt, say); default: all may be. */
  mayAsk?: (url: string) => Promise<boolean>
}

/** Renders pages in Chromium. No process runs before the first page, nor after `close` (= dispose). */
export interface Browser extends AsyncDisposable {
  /** @throws the signal's reason when aborted; nothing else for anything a page may do */
  render(url: string, signal: AbortSignal, options?: RenderOptions): Promise<Rendered>
  close(): Promise<void>
}
