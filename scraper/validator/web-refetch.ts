import type { Browser } from '#infra/net/browser/rendering.ts'
import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { fetchDocument } from '../fetch/fetch-document.ts'
import type { PagePool } from '../fetch/page-pool.ts'
import { pageReader } from '../fetch/read-page.ts'
import { pageRenderer } from '../fetch/render-page.ts'
import { createRobots } from '../robots/robots.ts'
import type { Refetch } from './refetch.ts'

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
  /** Rest of a host between two pages; robots.txt may ask for more. Hosts of this process need none. */
  hostDelayMs: number
}

/** Looks at pages on the web, one request each, with the miners' own robots rules and extraction. */
export function webRefetch({ http, pages, browser, telemetry, pace, facts, hostDelayMs }: WebServices): Refetch {
  const robots = createRobots(http, pace)
  // What its owner reserved is no fault of a copy: it is for the miner to obey, and for a dataset to leave out.
  const readPage = pageReader({ pages, facts, obeyRights: false, render: browser && pageRenderer({ browser, robots, telemetry }) })
  const restUntil = new Map<string, number>()
  return async (uri, signal) => {
    const { host, hostname } = new URL(uri)
    if (!http.isVirtual(hostname)) {
      const permission = await robots.of(uri, signal)
      const restMs = Math.max(hostDelayMs, (permission.state === 'unreachable' ? undefined : permission.rules.crawlDelayMs) ?? 0)
      await pace.sleep((restUntil.get(host) ?? 0) - pace.now(), signal)
      restUntil.set(host, pace.now() + restMs)
    }
    const found = await fetchDocument(uri, { http, robots, pace, readPage }, signal)
    if (found.ok) return { state: 'found', id: found.document.id, text: found.document.text, publishedAt: found.document.published_at }
    // Robots may have closed since the miner was there.
    const isMiners = found.fault === 'page' && found.reason !== 'robots_disallowed'
    return { state: isMiners ? 'gone' : 'unknown', reason: found.reason }
  }
}
