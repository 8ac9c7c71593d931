import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { PageDocument } from '../document/page-document.ts'

/**
 * What a page is when we look ourselves. `gone`: its host answered, and there is no such page, or nothing on it that would be kept; `htmlSha256` of what it
 * answered with. `reading`: as the page was answered (so where it is absent), as a browser showed it, or of what a browser should have shown more. `unfetchable`: we could not look (network, server trouble, closed to us): nobody knows, and nobody is charged.
 */
export type Refetched =
  | { state: 'found'; page: PageDocument; reading?: 'plain' | 'rendered' | 'partial' }
  | { state: 'gone'; reason: string; htmlSha256?: string }
  | { state: 'unfetchable'; reason: string }

/** What a job says of how its pages are asked for, and of their texts. */
export type JobWishes = Pick<DesirabilityJob['web'], 'headers' | 'quality'>

/**
 * Fetches a page as a miner would: same robots rules, same extraction, as its job asks. What it rejects with, unless the signal is aborted, makes the page
 * `unfetchable`. @param url as the miner asked for it
 */
export type Refetch = (url: string, signal: AbortSignal, wishes?: JobWishes) => Promise<Refetched>

/** Whether somebody out there answered, so that the network is there. */
export const isHeard = (found: Refetched): boolean => found.state !== 'unfetchable' || /^(?:http_\d|robots_disallowed$|needs_browser$)/.test(found.reason)
