import type { TargetKind } from '#schemas/frontier.ts'
import type { ExtractedPage } from '../extract/extract-page.ts'
import type { PageRobots } from '../robots/page-robots.ts'
import { feedSource } from './feed.ts'
import type { Found } from './found.ts'
import { sitemapSource } from './sitemap.ts'
import { webSource } from './web.ts'

/** What was fetched, as a source plug-in sees it. */
export interface Fetched {
  /** Canonical URL of the target. */
  url: string
  status: number
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  body: Uint8Array
}

/** What a page holds beside its links: what a document is made of. */
export interface PageContent {
  page: ExtractedPage
  robots: PageRobots
}

/** Reads what stands behind one kind of target. To add one: name the kind in TargetKind, write a file like sitemap.ts, list it in `sources`. */
export interface Source {
  /** The media types asked for. */
  readonly accept: string
  /** Largest body, bytes, decoded; undefined = the miner's `page_bytes_max`. */
  readonly bytesMax: number | undefined
  /**
   * Pure and synchronous, whatever the bytes. Content is given for what may become a document: it is made when it is called for, which costs ten times
   * what it takes to find the links. A string is the stable code of why there is nothing to read.
   */
  read(fetched: Fetched): { found: Found; content: (() => PageContent) | undefined } | string
}

/** The source of each kind of target. */
export const sources: Readonly<Record<TargetKind, Source>> = { page: webSource, sitemap: sitemapSource, feed: feedSource }
