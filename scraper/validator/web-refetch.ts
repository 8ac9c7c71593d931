import type { Browser } from '#infra/net/browser/rendering.ts'
import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { hostnameOf, hostOf } from '#schemas/identity/url-parts.ts'
import { fetchDocument } from '../fetch/fetch-document.ts'
import type { Permission } from '../fetch/fetch-target.ts'
import { inPageTurn } from '../fetch/page-turn.ts'
import type { PagePool } from '../document/page-pool.ts'
import { pageReader } from '../document/read-page.ts'
import { pageRenderer } from '../render/render-page.ts'
import { needsContact } from '../limits/contact.ts'
import { crawlDelayOf, createRobots } from '../robots/robots.ts'
import type { HostRests } from '../limits/host-rest.ts'
import { memoryTurns } from '../limits/memory-turns.ts'
import type { JobWishes, Refetch, Refetched } from './refetch.ts'

interface WebServices {
  http: Http
  /** Makes documents of pages. */
  pages: PagePool
  /** Renders pages that hold less than they promise, as the miners do; absent: nobody does here. */
  browser?: Browser | undefined
  telemetry: Telemetry
  /** Rests hosts. */
  pace: Clock
  /** Says what time it is on a page. */
  facts: Clock
  /** Rest of a host between two requests; robots.txt may ask for more. Hosts of this process need none. */
  hostDelayMs: number
  /** In the User-Agent; without one no page makes us ask the public web. */
  contact: string
}

/** A turn that nobody ended is over after this: longer than a page takes, with its robots.txt and its browser. */
const turnMs = 120_000

/** Looks at pages on the web, one turn each, with the miners' own robots rules and extraction. */
export function webRefetch({ http, pages, browser, telemetry, pace, facts, hostDelayMs, contact }: WebServices): Refetch {
  const robots = createRobots(http, pace)
  const restMs: HostRests = async (host, crawlDelayMs) => (http.isVirtual(hostnameOf(host)) ? crawlDelayMs : Math.max(hostDelayMs, crawlDelayMs))
  const manners = { http, robots, turns: memoryTurns(pace), pace, turnMs, restMs, mayAsk: () => true }
  const hasContact = (url: string): boolean => contact.trim() !== '' || !needsContact(url, http.isVirtual)
  const render = browser && pageRenderer({ ...manners, mayAsk: hasContact, browser, telemetry })
  // What its owner reserved is no fault of a copy: it is for the miner to obey, and for a dataset to leave out.
  const readPage = pageReader({ pages, facts, render, wishes: { obeyRights: false, keepsMarkdown: false } })
  const look = async (url: string, { headers, quality }: JobWishes, signal: AbortSignal): Promise<Refetched> => {
    const rest = { restMs: ({ permission }: { permission: Permission }) => restMs(hostOf(url), crawlDelayOf(permission)) }
    const services = { http, robots, pace, pages, headersOf: () => headers, ...rest }
    const found = await fetchDocument(url, { ...services, readPage: (read, stop) => readPage({ ...read, quality }, stop) }, signal)
    if (found.ok) {
      const { id, text, published_at: publishedAt, published_score: publishedScore } = found.document
      return { state: 'found', id, text, publishedAt, publishedScore }
    }
    const isMiners = found.fault === 'page' && !ourReasons.has(found.reason)
    return { state: isMiners ? 'gone' : 'unknown', reason: found.reason }
  }
  return async (url, signal, wishes = {}) => {
    // Turns are taken by the page, whatever its spelling.
    const uri = pageUrl(url) ?? url
    return inPageTurn(manners, { page: uri, url, signal }, () => look(url, wishes, signal))
  }
}

/** Robots may have closed since the miner was there, and what a page may cost here is our own affair. */
const ourReasons: ReadonlySet<string> = new Set(['robots_disallowed', 'too_slow', 'too_large'])
