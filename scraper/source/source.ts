import type { HeaderLines } from '#infra/net/header-lines.ts'
import type { TargetKind } from '#schemas/frontier.ts'
import { feedSource } from './feed.ts'
import type { Found } from './found.ts'
import { sitemapSource } from './sitemap.ts'
import { webSource } from './web.ts'

/** What was fetched, as a source plug-in sees it. */
export interface Fetched {
  /** What was asked for: another spelling of the target's URL, maybe, or the one that it was redirected to. */
  url: string
  status: number
  headers: HeaderLines
  body: Uint8Array
  /** Length of the body as it was sent, for what is unpacked further; absent: not known. */
  wireBytes?: number
}

/** What an answer leads to, and whether it may become a document (page-document.ts; that costs ten times as much); or the stable code of why there is nothing to read. */
export type SourceReading = { found: Found; isPage: boolean } | string

/** Reads what stands behind one kind of target. To add one: name the kind in TargetKind, write a file like sitemap.ts, list it in `sources`. */
export interface Source {
  /** The media types asked for. */
  readonly accept: string
  /** Largest body, bytes, decoded; undefined = the miner's `page_bytes_max`. */
  readonly bytesMax: number | undefined
  /** Pure and synchronous, whatever the bytes. */
  read(fetched: Fetched): SourceReading
}

/** The source of each kind of target. */
export const sources: Readonly<Record<TargetKind, Source>> = { page: webSource, sitemap: sitemapSource, feed: feedSource }
