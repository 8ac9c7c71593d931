import { z } from 'zod'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { entriesMax } from './feed-reader.ts'
import { foundUrls, noFinds, type Found, type FoundUrl } from './found.ts'
import { ListEntry } from './url-list.ts'

const text = z.string().optional().catch(undefined)
const Feed = z.object({ version: text, next_url: text, items: z.array(z.unknown()) })
const Item = z.object({ id: text, url: text, external_url: text, date_published: text, date_modified: text })
const version = /^https?:\/\/(?:www\.)?jsonfeed\.org\/version\//i

/** `application/feed+json` (JSON Feed 1.1, "MIME type"). */
export const isJsonFeedType = (contentType: string | undefined): boolean => /^\s*application\/feed\+json\b/i.test(contentType ?? '')

/**
 * JSON Feed 1.0 and 1.1 (https://jsonfeed.org/version/1.1): the page of each item is its `url`, else an `id` that is one, else the page elsewhere that it
 * speaks of. Values of another type than they should have are passed over.
 * @param isDeclared its media type says so: else its version must
 * @returns undefined when the text is no such feed
 */
export function readJsonFeed(json: string, base: string, isDeclared: boolean): Found | undefined {
  if (!/^\s*\{/.test(json)) return undefined
  const feed = Feed.safeParse(valueOf(json)).data
  if (!feed || !(isDeclared || version.test(feed.version ?? ''))) return undefined
  const next = feed.next_url?.trim() ? linkedUrl(feed.next_url, base) : undefined
  const pages = feed.items.slice(0, entriesMax).flatMap((item) => pageOf(item, base) ?? [])
  return { ...noFinds, pages: foundUrls(pages), feeds: next ? [next] : [] }
}

function valueOf(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function pageOf(item: unknown, base: string): FoundUrl | undefined {
  const { id = '', url = '', external_url = '', date_published = '', date_modified = '' } = Item.safeParse(item).data ?? {}
  const entry = new ListEntry()
  entry.addUrl('url', url)
  if (/^\s*https?:\/\//i.test(id)) entry.addUrl('id', id)
  entry.addUrl('external', external_url)
  for (const date of [date_published, date_modified]) entry.addDate(date)
  return entry.found(['url', 'id', 'external'], (href) => linkedUrl(href, base))
}
