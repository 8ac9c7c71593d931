import type { HeaderLines } from '../header-lines.ts'

/** What a browser made of a page, or the stable code of why there is nothing. */
export type Rendered =
  | {
      ok: true
      /** The document as it stands when the page has become quiet, or its time to load is over. */
      html: string
      /** After what scripts did to the address. */
      url: string
    }
  | { ok: false; reason: RenderFailure }

export type RenderFailure =
  /** No Chromium could be started. */
  | 'browser_unavailable'
  /** All places for pages were taken for as long as a page may take. */
  | 'browser_busy'
  /** The whole browser died under the page; the next page gets a new one. */
  | 'browser_crashed'
  /** The process of this page died. */
  | 'page_crashed'
  /** The page went elsewhere before it was there. */
  | 'page_left'
  | 'render_timeout'
  /** The document has more characters than allowed. */
  | 'too_large'
  | 'navigation_failed'

/** What a page asks for beside its own document: always a GET. */
export interface SubRequest {
  url: string
  kind: 'script' | 'data'
  /** Lower-case names; only those that say what is wanted and by whom. */
  headers: Readonly<Record<string, string>>
  /** After this (ms) an answer is of no use. */
  leftMs: number
  /** Aborted when an answer is of no use any more. */
  signal: AbortSignal
}

export interface SubAnswer {
  status: number
  headers: HeaderLines
  /** Decoded. */
  body: Uint8Array
}

/** A page to be shown. The browser itself asks nobody for anything: the document is here, and all else is asked for by `load`. */
export interface PageWork {
  url: string
  body: Uint8Array
  contentType: string
  /** Undefined: refused, or not to be had. What it throws counts as that. */
  load(request: SubRequest): Promise<SubAnswer | undefined>
}

/** Renders pages in Chromium. No process runs before the first page, nor after `close` (= dispose). */
export interface Browser extends AsyncDisposable {
  /** Longest a call takes, ms. */
  readonly longestMs: number
  /** @throws the signal's reason when aborted; nothing else for anything a page may do */
  render(work: PageWork, signal: AbortSignal): Promise<Rendered>
  close(): Promise<void>
}
