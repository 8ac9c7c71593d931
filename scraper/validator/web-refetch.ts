import type { Browser } from '#infra/net/browser/rendering.ts'
import type { Http } from '#infra/net/http.ts'
import { recentValues } from '#infra/recent-values.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { hostnameOf, hostOf } from '#schemas/identity/url-parts.ts'
import { fetchDocument, type FetchedDocument } from '../fetch/fetch-document.ts'
import type { Permission } from '../fetch/fetch-target.ts'
import { inPageTurn } from '../fetch/page-turn.ts'
import type { PagePool } from '../document/page-pool.ts'
import { pageReader } from '../document/read-page.ts'
import { pageRenderer } from '../render/render-page.ts'
import { needsContact } from '#infra/net/contact.ts'
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
  const look = async (url: string, { headers, quality }: JobWishes, signal: AbortSignal): Promise<FetchedDocument> => {
    const rest = { restMs: ({ permission }: { permission: Permission }) => restMs(hostOf(url), crawlDelayOf(permission)) }
    const services = { http, robots, pace, pages, headersOf: () => headers, ...rest }
    return fetchDocument(url, { ...services, readPage: (read, stop) => readPage({ ...read, quality }, stop) }, signal)
  }
  const spent = hostBudget(pace)
  const lookInTurn = async (url: string, wishes: JobWishes, signal: AbortSignal): Promise<FetchedDocument> => {
    if (!http.isVirtual(hostnameOf(hostOf(url))) && spent(hostOf(url))) return { ok: false, reason: 'host_budget', fault: 'ours' }
    // Turns are taken by the page, whatever its spelling.
    return inPageTurn(manners, { page: pageUrl(url) ?? url, url, signal }, () => look(url, wishes, signal))
  }
  return async (url, signal, wishes = {}) => {
    const found = await lookInTurn(url, wishes, signal)
    // What stands where it was sent to may be the page still; it is asked no further.
    const last = found.ok || found.location === undefined ? found : await lookInTurn(found.location, wishes, signal)
    if (last.ok) return { state: 'found', page: last.document, reading: last.isRendered ? 'rendered' : last.lacksBrowser ? 'partial' : 'plain' }
    return found.ok || last === found ? failed(last) : { state: 'gone', reason: 'moved' }
  }
}

function failed({ reason, fault, htmlSha256, lacksBrowser = false }: Exclude<FetchedDocument, { ok: true }>): Refetched {
  if (lacksBrowser) return { state: 'unfetchable', reason: 'needs_browser' }
  if (fault === 'ours' || ourReasons.has(reason) || (/^http_\d/.test(reason) && !goneReasons.has(reason))) return { state: 'unfetchable', reason }
  return { state: 'gone', reason, ...(htmlSha256 !== undefined && { htmlSha256 }) }
}

/** What an answer says of the page, and not of who asks. */
const goneReasons: ReadonlySet<string> = new Set(['http_404', 'http_410'])
/** Robots may have closed since the miner was there; what a page may cost here is our own affair; where a walk ends depends on who walks. */
const ourReasons: ReadonlySet<string> = new Set(['robots_disallowed', 'too_slow', 'too_large', 'redirect_loop', 'too_many_redirects', 'redirect_rest_too_long'])

/** Of one host, for all miners: whatever they show, nobody makes us its burden. */
const looksPerHour = 1200
const hourMs = 3_600_000
const hostsBytesMax = 8 << 20

/** Whether a host has had its looks of this hour; whoever asks this takes one. */
export function hostBudget(pace: Clock): (host: string) => boolean {
  const hosts = recentValues<string, { since: number; looks: number }>({ bytesMax: hostsBytesMax, bytesOf: () => 32 })
  return (host) => {
    const known = hosts.get(host)
    const hour = known && pace.now() - known.since < hourMs ? known : { since: pace.now(), looks: 0 }
    hosts.keep(host, { ...hour, looks: hour.looks + 1 })
    return hour.looks >= looksPerHour
  }
}
