import type { Element } from 'domhandler'
import type { DateClaim } from './date-claims.ts'
import { plainDigits } from './date-digits.ts'
import { dateLine, shortLine, type DateLine } from './date-line.ts'
import { isMarked, place, trustIn, type Places } from './date-place.ts'
import { shortDays, writtenDates } from './date-written.ts'
import type { PageText } from './page-text.ts'

const claimsMax = 60
/** A page of more years is a list of them. */
const yearsMax = 300
/** The year at the foot of a page is that of its host; it says no more than that the page may be so old. */
export const copyrightScore = 0.15
const monthShare = 0.4
const shortShare = 0.9
const toldShare = 0.3
const labelScore = 0.8
const thingScore = 0.55
const otherScore = 0.1
const copyrights = /©|\(c\)|copyright/gi
const copyrightReach = 45
/** Characters behind a date that its time may take. */
const timeChars = 24

/** A claim, and where on its page it stands. */
export interface PlacedClaim {
  claim: DateClaim
  /** Characters of the text before it. */
  at: number
  element: Element | undefined
}

/** The dates in the text of a page. */
export function textClaims(page: PageText, places: Places): PlacedClaim[] {
  return [...new TextClaims(page, places).all()]
}

class TextClaims {
  readonly #page: PageText
  readonly #places: Places
  readonly #plain: string

  constructor(page: PageText, places: Places) {
    this.#page = page
    this.#places = places
    this.#plain = plainDigits(page.text)
  }

  all(): PlacedClaim[] {
    return [...this.#longClaims(), ...this.#shortClaims()]
  }

  #longClaims(): PlacedClaim[] {
    const text = this.#plain
    const claims: PlacedClaim[] = []
    let part = 0
    const dates = [...writtenDates(text, 'day-first', yearsMax)].toSorted((a, b) => a.start - b.start)
    for (const { start, end, precision } of dates.slice(0, claimsMax)) {
      part = this.#page.partAt(start, part)
      claims.push(this.#claimAt(start, end, part, precision === 'month' ? monthShare : 1))
    }
    const copyright = this.#copyrightYear()
    if (copyright > 0) {
      const claim: DateClaim = { kind: 'published', by: 'copyright', value: String(copyright), score: copyrightScore, place: '©' }
      claims.push({ claim, at: 0, element: undefined })
    }
    return claims
  }

  /** The last that a page claims, 0 when it claims none. */
  #copyrightYear(): number {
    let [year, found] = [0, 0]
    for (const { index } of this.#plain.matchAll(copyrights)) {
      if (++found > yearsMax) break
      const [line = ''] = this.#plain.slice(index, index + copyrightReach).split('\n', 1)
      for (const [digits] of line.matchAll(/(?<!\d)(?:19|20)\d\d(?!\d)/g)) year = Math.max(year, Number(digits))
    }
    return year
  }

  /** `5.3.20`, where a date is to be expected. */
  #shortClaims(): PlacedClaim[] {
    const claims: PlacedClaim[] = []
    let [part, numbers] = [0, 0]
    for (const { index, 0: found } of this.#plain.matchAll(shortDays)) {
      if (claims.length >= claimsMax || ++numbers > yearsMax) break
      part = this.#page.partAt(index, part)
      const end = index + found.length
      const parent = this.#page.parentOf(part)
      const { label, isTold, room } = dateLine(this.#plain, index, end)
      const isPrinted = !isTold && (label !== undefined || (room < shortLine && this.#page.nearTitle(index) > 0))
      if (isPrinted || (parent && isMarked(this.#places.of(parent)))) claims.push(this.#claimAt(index, end, part, shortShare))
    }
    return claims
  }

  #claimAt(start: number, end: number, part: number, share: number): PlacedClaim {
    const element = this.#page.parentOf(part)
    const places = (element ? this.#places.of(element) : 0) & (this.#page.isTyped ? ~place.code : -1)
    const line = dateLine(this.#plain, start, end)
    const isSaid = line.label !== undefined && (!line.isTold || line.label.isOfPage)
    const isUpdated = isSaid ? line.label?.kind === 'modified' : (places & place.updated) !== 0 && (places & place.published) === 0
    const claim: DateClaim = {
      kind: isUpdated ? 'modified' : 'published',
      by: 'text',
      value: this.#page.text
        .slice(start, end + timeChars)
        .replace(/\s+/g, ' ')
        .trim(),
      score: Math.max(0.01, this.#score(line, places, start) * share),
      place: line.label?.words ?? '',
    }
    return { claim, at: start, element }
  }

  #score(line: DateLine, places: number, at: number): number {
    const { label, isCopyright, room } = line
    const isTold = line.isTold || (line.isAside && this.#page.nearTitle(at) === 0)
    if (label?.kind === 'other') return otherScore
    const isOfPage = label?.isOfPage === true
    if (isTold && !isOfPage) return baseOf(places) * toldShare * trustIn(places)
    const said = label ? (label.isOfThing ? thingScore : labelScore) : baseOf(places)
    const apart = room < 12 ? 0.08 : room < shortLine ? 0.04 : isMarked(places) || isOfPage ? 0 : -0.1
    const trust = trustIn(places) * (isCopyright ? 0.7 : 1) * (isOfPage ? 1 : this.#page.trustAt(at))
    return Math.min(0.9, (said + apart) * trust + ((places & place.code) === 0 ? this.#page.nearTitle(at) : 0))
  }
}

function baseOf(places: number): number {
  if ((places & place.published) !== 0) return 0.78
  if ((places & place.dated) !== 0) return 0.68
  return (places & place.byline) !== 0 ? 0.6 : 0.4
}
