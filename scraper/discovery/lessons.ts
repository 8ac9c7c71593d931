import type { Claim } from '#schemas/frontier.ts'
import { originOf } from '#schemas/identity/url-parts.ts'
import type { Found } from '../source/found.ts'
import type { Experience } from './experience.ts'
import { isListing } from './priority.ts'

/** What became of a page that was read. */
interface Made {
  outcome?: 'stored' | 'unchanged' | 'rejected' | undefined
  refusal?: string | undefined
  /** Its text is that of another page of its host, or nearly. */
  isLikeAnother?: boolean | undefined
  /** Another host has its text. */
  isElsewhere?: boolean | undefined
  /** It is refused, and its text is of no other page of its host: `like`, numbers apart it is. */
  refusedText?: 'other' | 'like' | undefined
}

/** Its host has sent these bytes, or this text, for another page. */
export const [sameBytes, sameText] = ['same_bytes', 'same_text']

/** What a mirror has that the other host has as well waits so long (ms). */
const mirroredMs = 86_400_000

/**
 * How long (ms) a claim is put off because those like it had nothing new, or another host has it. What its host lists, and what was visited before, is asked for
 * all the same.
 */
export function putOffMs(
  claim: Claim,
  { shapes, contents }: Pick<Experience, 'shapes'> & { contents: Pick<Experience['contents'], 'isMirrored'> },
): number | undefined {
  const { kind, depth = 0, previous, url } = claim
  if (kind !== 'page' || depth === 0 || previous !== undefined) return undefined
  return contents.isMirrored(claim) ? mirroredMs : shapes.putOffMs(url)
}

/**
 * What a page leads to. Where its host has sent the same bytes before, that is nowhere new. A text that is the same beside other links, as lists have it, leads to
 * what was good so far; and where its host itself lists it, to what is like nothing that was visited.
 */
export function followed({ url, depth = 0 }: Pick<Claim, 'url' | 'depth'>, found: Found, made: Made, { shapes }: Pick<Experience, 'shapes'>): Found {
  if (made.refusal === sameBytes) return { ...found, pages: [] }
  if (!isKnown(made)) return found
  const mayBeNew = (to: string): boolean => originOf(to) !== originOf(url) || shapes.isProven(to) || (depth === 0 && shapes.isUntried(to))
  return { ...found, pages: found.pages.filter((to) => mayBeNew(to.url)) }
}

/**
 * What a visit says of pages like this: the first, and whichever brought a text at last. A text that another host has is none, nor is what is refused of a list.
 * @param led pages that it was the first to lead to
 */
export function learn({ url, kind, previous, depth }: Claim, made: Made, led: readonly string[], { shapes }: Pick<Experience, 'shapes'>): void {
  const refused = made.refusedText === undefined || isListing(url) ? 'none' : made.refusedText
  const text = isKnown(made) ? 'known' : made.isElsewhere === true ? 'none' : made.outcome === 'stored' ? 'new' : refused
  if (kind !== 'page' || made.outcome === 'unchanged') return
  if (previous === undefined || (text === 'new' && previous.version === 0)) shapes.note(url, { text, led, depth })
}

const isKnown = ({ refusal, isLikeAnother }: Made): boolean => refusal === sameBytes || refusal === sameText || isLikeAnother === true
