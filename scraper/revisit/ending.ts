import type { PreviousVisit } from '#schemas/frontier.ts'
import { decodeMemory, type PageMemory } from './page-memory.ts'

export interface RevisitBounds {
  /** Shortest and longest time between two visits of a page, ms. */
  minMs: number
  maxMs: number
}

/** What the end of a visit that kept nothing means. */
interface Ending {
  reasons: RegExp
  /** Whether the page is asked for again by itself, after a time that grows. What a sitemap says to have changed is asked for all the same. */
  comesAgain: boolean
  /**
   * When what was stored of the page leaves it: `at once`, when its owner has spoken; `repeated`, when two visits in a row find that a validator would not
   * find it either, for one may have met a moment (a page of maintenance, an expired certificate); `never`, when it says nothing of the page.
   */
  withdraws: 'at once' | 'repeated' | 'never'
}

/** The first that fits. Codes: http-failure.ts, fetch-target.ts, rights.ts, the rules of scraper/filter. */
const endings: readonly Ending[] = [
  { reasons: /^http_410$/, comesAgain: false, withdraws: 'at once' },
  // Its owner removed it, closed it, moved it or wants it left alone; `blocked` is the word of whoever runs this.
  { reasons: /^(?:http_(?:401|403|404|451)|redirected|robots_disallowed|blocked)$/, comesAgain: true, withdraws: 'at once' },
  { reasons: /^(?:noindex|unavailable|noai|tdm_reserved|ai_(?:txt|train)_disallowed)$/, comesAgain: true, withdraws: 'at once' },
  // Trouble on the way, of the host or of ours; or no word of the page at all.
  {
    reasons: /^(?:dns_failed|connection_(?:failed|refused)|(?:\w+_)?timeout|truncated_body|robots_unreachable|http_(?:408|425|429|5\d\d))$/,
    comesAgain: true,
    withdraws: 'never',
  },
  { reasons: /^(?:internal|no_job|job_mismatch|excluded|redirect_rest_too_long)$/, comesAgain: true, withdraws: 'never' },
  // There is something else, or nothing to be read: another type, another text that no rule lets pass, a loop, a certificate that ended.
  { reasons: /^/, comesAgain: true, withdraws: 'repeated' },
]

const endingOf = (reason: string): Ending => endings.find(({ reasons }) => reasons.test(reason)) as Ending

const firstMs = 3_600_000

/**
 * How long (ms) a page is left alone after so many visits in a row that kept nothing, the last of them for that reason: an hour, two, four, …, within the
 * bounds. undefined: until something is said of it.
 */
export function restAfterEnding(reason: string, ends: number, { minMs, maxMs }: RevisitBounds): number | undefined {
  return endingOf(reason).comesAgain ? Math.min(maxMs, Math.max(minMs, firstMs * 2 ** Math.min(ends - 1, 40))) : undefined
}

/** Whether what was stored of a page leaves it. @param ends visits in a row, with this one, that kept nothing */
export function withdraws(reason: string, ends: number): boolean {
  const { withdraws: when } = endingOf(reason)
  return when === 'at once' || (when === 'repeated' && ends > 1)
}

/** Whether a version of the page stands in what was stored. Of a memory that cannot be read it may. */
export function stands(previous: PreviousVisit | undefined): boolean {
  if (!previous || previous.version === 0) return false
  const memory = decodeMemory(previous.memory)
  return memory === undefined || isStanding(memory)
}

const isStanding = ({ life }: PageMemory): boolean => life?.kept !== undefined && life.kept.isWithdrawn !== true

/**
 * The memory of a page that was taken back: nothing of what was stored is known any more, so that it is kept anew when it comes back.
 * @param content digest of what stands in its place, if anything does
 */
export function withdrawn({ ends, life }: PageMemory, content: string | undefined): PageMemory {
  const contents = content === undefined ? [] : [content]
  return { ends, life: life && { ...life, contents, answer: undefined, ...(life.kept && { kept: { ...life.kept, isWithdrawn: true } }) } }
}
