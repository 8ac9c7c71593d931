import { timeBucketOf, timeScalar } from '#schemas/data-universe.ts'

/** Seeds before sitemaps before pages. */
export const priorities = { seed: 3_000_000, sitemap: 2_000_000 }

/** What the priority of a page hangs on. Nothing of when or in which order it was found, so that the order of a crawl can be repeated. */
export interface Appeal {
  url: string
  /** Desirability weight of the job that wants it, 0..5 (desirability.ts). */
  weight: number
  /** When the page last changed as a sitemap or feed says, ms since epoch; undefined when nobody says. */
  modifiedAt?: number | undefined
  /** The clock of facts, ms since epoch. Only its hour counts: two finds of one page within the hour have the same priority. */
  now: number
  /** How likely pages of its shape have news, by those that were visited (shape-news.ts), 0..1; absent: nobody knows. */
  hope?: number
}

const hourMs = 3_600_000
/** A page without a date is worth what one at the end of its 30 days is; an old one still something, so that its weight decides among the old. */
const [undatedFreshness, oldFreshness] = [0.5, 0.2]
export const perUnit = 100_000

/**
 * Priority of a page in the frontier, an integer of 0..500,000: weight × freshness × novelty × hope. Seeds and sitemaps belong above (from 1,000,000 on).
 * It decides among the pages of a host that lie as deep. A priority in the frontier never falls, so a page keeps the best that was ever said of it.
 */
export function pagePriority({ url, weight, modifiedAt, now, hope = 1 }: Appeal): number {
  return Math.round(Math.max(0, weight) * freshnessOf(modifiedAt, now) * noveltyOf(url) * (0.5 + hope / 2) * perUnit)
}

/** What the age of a page is worth, 0.2..1: the validators' scale (timeScalar) over whole hours. */
function freshnessOf(modifiedAt: number | undefined, now: number): number {
  if (modifiedAt === undefined) return undatedFreshness
  const ageMs = (timeBucketOf(now) - timeBucketOf(modifiedAt)) * hourMs
  return Math.max(oldFreshness, timeScalar(ageMs))
}

/** Path segments of pages that list other pages: what they say is said elsewhere. */
const listings =
  /\/(?:tags?|categor(?:y|ies)|topics?|archives?|authors?|users?|u|members?|profiles?|search|find|results?|page|feed|print|amp|comments?|versions?|revisions?|history)(?:\/|\.|$)/i
/** Whether the address of a page says that it lists others, and no more. */
export const isListing = (url: string): boolean => listings.test(url.split('?', 1)[0] ?? url)

/** Of paths this deep or less none is held against them; each segment more costs a tenth. */
const segmentsFree = 2
const leastNovelty = 0.2

/**
 * How likely the page says what no other does, 0.2..1, by its address alone: a query most often selects or sorts what a path already shows, and what links lead
 * astray to grows segment by segment.
 */
export function noveltyOf(url: string): number {
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  const parameters = query < 0 ? 0 : url.slice(query + 1).split('&').length
  // The scheme, the empty one before the host and the host are no segments.
  const segments = path.split('/').filter((segment) => segment !== '').length - 2
  const length = 0.9 ** Math.max(0, segments - segmentsFree)
  return Math.max(leastNovelty, (length * (listings.test(path) ? 0.5 : 1)) / (1 + parameters / 2))
}
