import { isStep } from './steps.ts'
import { VariantBook, type VariantLimits } from './variants.ts'

/** Stable codes of why a URL is not followed. */
export type TrapReason =
  | 'trap_path_length'
  | 'trap_path_depth'
  | 'trap_repeated_segments'
  | 'trap_query_length'
  | 'trap_parameters'
  | 'trap_variants'
  | 'trap_session_id'
  | 'trap_calendar'

/** How a URL was found. */
export interface Discovery {
  /** Target.depth of the URL: hops from a seed or a sitemap, 0 for what these name themselves. */
  depth: number
  /** URL of the page that links to it, as it was asked for; undefined for seeds and what sitemaps and feeds list. */
  from?: string | undefined
}

export interface TrapLimits extends VariantLimits {
  pathCharsMax: number
  pathSegmentsMax: number
  queryCharsMax: number
  parametersMax: number
  /** Deeper than this no page leads to the next in a row (/cal/7 → /cal/8). */
  stepDepthMax: number
}

export const trapLimits: TrapLimits = {
  pathCharsMax: 1024,
  pathSegmentsMax: 20,
  queryCharsMax: 1024,
  parametersMax: 10,
  variantsMax: 64,
  variantsPerItem: 4,
  itemsMax: 50_000,
  stepDepthMax: 24,
}

/**
 * Which URLs lead into a place without end. Asked before a URL is added to the frontier; `url` is canonical.
 *
 * All rules but one are pure: they look at the URL, its depth and the page it was found on. They need no memory, so a crash or a second process changes
 * nothing, and no order: a depth is the same in any crawl that goes breadth first, and one that does not can only find a page deeper than it lies, until the
 * shorter way is found as well. `trap_variants` alone counts what it has let in: see variants.ts for the rule, variant-journal.ts for how it outlives the
 * process. It is not asked about URLs without a query, nor about what sitemaps list; a site without queries is crawled the same in any order.
 */
export interface Traps {
  reasonOf(url: string, discovery: Discovery): TrapReason | undefined
}

/** @param variants what was let in so far */
export function createTraps(limits: TrapLimits = trapLimits, variants: VariantBook = new VariantBook(limits)): Traps {
  return {
    reasonOf(url, { depth, from }) {
      const reason = addressTrap(url, limits)
      if (reason) return reason
      if (from === undefined) return undefined
      if (depth > limits.stepDepthMax && isStep(from, url)) return 'trap_calendar'
      const query = url.indexOf('?')
      return query >= 0 && !variants.admit(url.slice(0, query), url.slice(query + 1)) ? 'trap_variants' : undefined
    },
  }
}

/** What the address alone says. */
function addressTrap(url: string, limits: TrapLimits): TrapReason | undefined {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const question = url.indexOf('?')
  const path = url.slice(start, question < 0 ? undefined : question)
  const query = question < 0 ? '' : url.slice(question + 1)
  if (path.length > limits.pathCharsMax) return 'trap_path_length'
  if (query.length > limits.queryCharsMax) return 'trap_query_length'
  const segments = path.split('/').filter((segment) => segment !== '')
  if (segments.length > limits.pathSegmentsMax) return 'trap_path_depth'
  if (isRepetitive(segments)) return 'trap_repeated_segments'
  if (query !== '' && query.split('&').length > limits.parametersMax) return 'trap_parameters'
  return sessionInPath.test(path) || sessionInQuery.test(query) ? 'trap_session_id' : undefined
}

/** ASP.NET's cookieless sessions, and path parameters. */
const sessionInPath = /\/\((?:[A-Z]\([A-Za-z0-9_-]{16,}\))+\)|;(?:sid|sessionid|phpsessid|jsessionid)=/i
/** A name that says session with a value that looks drawn: canonicalUrl has taken away the names that mean nothing else. */
const sessionInQuery = /(?:^|&)(?:s|sid|sess|session|session_?id|sessid|zenid|osc?sid|cfsid)=(?=[^&]*\d)[A-Za-z0-9_-]{16,}(?:&|$)/i

/** /a/b/a/b: the same two or more segments twice in a row, or one three times. Numbers alone do not count: /2011/11/11/11 is a date. */
function isRepetitive(segments: readonly string[]): boolean {
  for (let period = 1; period <= segments.length / 2; period++) {
    const wanted = period === 1 ? 2 : period
    let same = 0
    for (let i = period; i < segments.length; i++) {
      same = segments[i] === segments[i - period] ? same + 1 : 0
      if (same >= wanted && segments.slice(i - same + 1, i + 1).some((segment) => !/^\d+$/.test(segment))) return true
    }
  }
  return false
}
