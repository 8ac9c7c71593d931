import type { Element, ParentNode } from 'domhandler'
import type { PlacedClaim } from './date-text.ts'

/** Different dates in places that look the same: with more, they are those of a list. */
const listMin = 3
const levels = 3
const classChars = 40
/** What is left of the score of a date in a list, and of the first of a thread, which is the page's as well. */
const listShare = 0.45
const firstShare = 0.95

/**
 * Where places that look the same hold many dates, they are those of other pages, or of answers. Of answers, which stand in the order they came in, the
 * first is the page's.
 * @param isNearTitle what stands behind the title is the page's, whatever else looks like it
 */
export function withoutLists(claims: readonly PlacedClaim[], isNearTitle: (at: number) => boolean): PlacedClaim[] {
  const lists = new Map<string, PlacedClaim[]>()
  for (const claim of claims) {
    if (!claim.element) continue
    const key = `${claim.claim.by} ${looks(claim.element)}`
    const list = lists.get(key)
    if (list) list.push(claim)
    else lists.set(key, [claim])
  }
  const shares = new Map<PlacedClaim, number>()
  for (const list of lists.values()) {
    if (new Set(list.map(dayKey)).size < listMin) continue
    const isThread = isAscending(list.map(dayKey))
    for (const [i, claim] of list.entries()) if (!(i === 0 && isNearTitle(claim.at))) shares.set(claim, i === 0 && isThread ? firstShare : listShare)
  }
  return claims.map((placed) => {
    const share = shares.get(placed)
    return share === undefined ? placed : { ...placed, claim: { ...placed.claim, score: placed.claim.score * share } }
  })
}

/** Name and first class of an element and of those around it. */
function looks(element: Element): string {
  let name = ''
  let at: ParentNode | null = element
  for (let level = 0; level < levels && at && 'attribs' in at; level++, at = at.parent) {
    const { name: tag, attribs } = at as Element
    name += `${tag}.${(attribs['class'] ?? '').slice(0, classChars)} `
  }
  return name
}

/** Of dates that begin with their year this sorts; of others it only tells whether they are the same. */
const dayKey = ({ claim: { value } }: PlacedClaim): string => value.slice(0, 10)

function isAscending(keys: readonly string[]): boolean {
  const [first = ''] = keys
  return /^\d{4}-\d\d-\d\d/.test(first) && keys.every((key) => key >= first)
}
