import type { Claim } from '#schemas/frontier.ts'
import { originOf } from '#schemas/identity/url-parts.ts'
import type { Found } from '../source/found.ts'
import type { Experience } from './experience.ts'

/** What became of a page that was read. */
interface Made {
  outcome?: 'stored' | 'unchanged' | 'rejected' | undefined
  refusal?: string | undefined
  /** Its text is that of another page of its host, or nearly. */
  isLikeAnother?: boolean | undefined
  /** It is refused, and its text is of no other page of its host: `like`, numbers apart it is. */
  refusedText?: 'other' | 'like' | undefined
}

/** Its host has sent these bytes, or this text, for another page. */
export const [sameBytes, sameText] = ['same_bytes', 'same_text']

/** How long (ms) a claim is put off because those like it had nothing new. What its host lists, and what was visited before, is asked for all the same. */
export function putOffMs({ kind, depth = 0, previous, url }: Claim, { shapes }: Pick<Experience, 'shapes'>): number | undefined {
  return kind !== 'page' || depth === 0 || previous !== undefined ? undefined : shapes.putOffMs(url)
}

/**
 * What a page leads to. Where its host has sent the same bytes before, that is nowhere new. A text that is the same beside other links, as lists have it, leads to
 * what was good so far.
 */
export function followed({ url }: Pick<Claim, 'url'>, found: Found, made: Made, { shapes }: Pick<Experience, 'shapes'>): Found {
  if (made.refusal === sameBytes) return { ...found, pages: [] }
  if (!isKnown(made)) return found
  return { ...found, pages: found.pages.filter((to) => originOf(to.url) !== originOf(url) || shapes.isProven(to.url)) }
}

/**
 * What a visit says of pages like this: the first, and whichever brought a text at last.
 * @param led pages that it was the first to lead to
 */
export function learn({ url, kind, previous, depth }: Claim, made: Made, led: readonly string[], { shapes }: Pick<Experience, 'shapes'>): void {
  const text = isKnown(made) ? 'known' : made.outcome === 'stored' ? 'new' : (made.refusedText ?? 'none')
  if (kind !== 'page' || made.outcome === 'unchanged') return
  if (previous === undefined || (text === 'new' && previous.version === 0)) shapes.note(url, { text, led, depth })
}

const isKnown = ({ refusal, isLikeAnother }: Made): boolean => refusal === sameBytes || refusal === sameText || isLikeAnother === true
