import { compareText } from '#schemas/compare-text.ts'
import type { LinkedUrl } from '#schemas/identity/canonical-url.ts'

/** A URL as it was linked, and when what is there last changed (ms since epoch) where the source says so. */
export interface FoundUrl extends LinkedUrl {
  modifiedAt?: number
}

/** URLs that a source found. They become targets when a job wants them. Each list without repeats, in an order that what was read decides. */
export interface Found {
  pages: readonly FoundUrl[]
  sitemaps: readonly FoundUrl[]
  feeds: readonly FoundUrl[]
}

export const noFinds: Found = { pages: [], sitemaps: [], feeds: [] }

/** One list of a Found: sorted by UTF-16 code unit, each URL once, with the latest of its times. */
export function foundUrls(urls: Iterable<FoundUrl>): FoundUrl[] {
  const latest = new Map<string, FoundUrl>()
  for (const found of urls) {
    const known = latest.get(found.url)
    if (!known || (found.modifiedAt ?? -Infinity) > (known.modifiedAt ?? -Infinity)) latest.set(found.url, found)
  }
  return [...latest.values()].sort((a, b) => compareText(a.url, b.url))
}

/** The same in parts of so many URLs at most, for work that must not take long at a time; at least one. */
export function* partsOf({ pages, sitemaps, feeds }: Found, urlsMax: number): Generator<Found> {
  const length = Math.max(1, pages.length, sitemaps.length, feeds.length)
  for (let at = 0; at < length; at += urlsMax) {
    const part = (list: readonly FoundUrl[]) => (length <= urlsMax ? list : list.slice(at, at + urlsMax))
    yield { pages: part(pages), sitemaps: part(sitemaps), feeds: part(feeds) }
  }
}
