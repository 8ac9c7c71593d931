import { isDrawn, withoutSession } from '#schemas/identity/sessions.ts'
import { isAction } from './actions.ts'
import { openHostMarks, type HostMarks } from './host-marks.ts'
import { isStep } from './steps.ts'
import { VariantBook, type VariantLimits } from './variants.ts'

/** Stable codes of why a URL is not followed. */
export type TrapReason =
  | 'trap_path_length'
  | 'trap_path_depth'
  | 'trap_repeated_segments'
  | 'trap_repeated_slashes'
  | 'trap_query_length'
  | 'trap_parameters'
  | 'trap_variants'
  | 'trap_session_id'
  | 'trap_action'
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
 * shorter way is found as well. `trap_variants` alone counts what it has let in: see variants.ts for the rule, host-marks.ts for how it outlives the
 * process. It is not asked about URLs without a query. What sitemaps and feeds list is held against the bounds of an address alone, for its host vouches for it.
 * What no rule knows is learnt from what comes of it (shape-news.ts).
 */
export interface Traps {
  reasonOf(url: string, discovery: Discovery): TrapReason | undefined
}

/** @param marks where it stands what was let in so far; absent: in memory */
export function createTraps(limits: TrapLimits = trapLimits, marks: HostMarks = openHostMarks()): Traps {
  const variants = new VariantBook(limits, marks)
  return {
    reasonOf(url, { depth, from }) {
      const reason = addressTrap(url, limits)
      if (reason) return reason
      if (from === undefined) return undefined
      if (depth > limits.stepDepthMax && isStep(from, url)) return 'trap_calendar'
      const question = url.indexOf('?')
      const [page, query] = question < 0 ? [url, ''] : [url.slice(0, question), url.slice(question + 1)]
      if (isAction(page.slice(pathStart(url)), query)) return 'trap_action'
      return query !== '' && !variants.admit(page, query) ? 'trap_variants' : undefined
    },
  }
}

const pathStart = (url: string): number => url.indexOf('/', url.indexOf('//') + 2)

/** What the address alone says. */
function addressTrap(url: string, limits: TrapLimits): TrapReason | undefined {
  const question = url.indexOf('?')
  const path = url.slice(pathStart(url), question < 0 ? undefined : question)
  const query = question < 0 ? '' : url.slice(question + 1)
  if (path.length > limits.pathCharsMax) return 'trap_path_length'
  if (query.length > limits.queryCharsMax) return 'trap_query_length'
  if (hasRepeatedSlashes(path)) return 'trap_repeated_slashes'
  const segments = path.split('/').filter((segment) => segment !== '')
  if (segments.length > limits.pathSegmentsMax) return 'trap_path_depth'
  if (isRepetitive(segments)) return 'trap_repeated_segments'
  if (query !== '' && query.split('&').length > limits.parametersMax) return 'trap_parameters'
  return holdsSession(path, query) ? 'trap_session_id' : undefined
}

/** What is linked is known without (pageUrl). */
const holdsSession = (path: string, query: string): boolean => withoutSession(path) !== path || (query !== '' && query.split('&').some((pair) => isDrawn(pair)))

/** A slash too many may be a slip; more of them are what links grow to that begin with one. Addresses within a path (/web/2026/https://…) have theirs. */
function hasRepeatedSlashes(path: string): boolean {
  const first = path.indexOf('//')
  if (first < 0) return false
  return (path.replace(/https?:\/\//gi, '').match(/\/(?=\/)/g) ?? []).length > 1
}

const occurrencesMax = 2

/**
 * /a/b/a/b: the same two or more segments twice in a row, or one three times anywhere, which is what relative links grow to on a host that answers whatever is
 * asked. Numbers alone do not count: /2011/11/11/11 is a date.
 */
function isRepetitive(segments: readonly string[]): boolean {
  const words = segments.filter((segment) => !/^\d+$/.test(segment))
  if (words.length <= occurrencesMax) return false
  const occurrences = new Map<string, number>()
  for (const word of words) {
    const count = (occurrences.get(word) ?? 0) + 1
    if (count > occurrencesMax) return true
    occurrences.set(word, count)
  }
  for (let period = 2; period <= segments.length / 2; period++) {
    let same = 0
    for (let i = period; i < segments.length; i++) {
      same = segments[i] === segments[i - period] ? same + 1 : 0
      if (same >= period && segments.slice(i - same + 1, i + 1).some((segment) => !/^\d+$/.test(segment))) return true
    }
  }
  return false
}
