import type { ParentNode } from 'domhandler'
import type { DateClaim } from './date-claims.ts'
import { aroundYear, plainDigits, shortDays, yearPattern } from './date-formats.ts'
import { dateLabel } from './date-labels.ts'
import { isMarked, place, trustIn, type Places } from './date-place.ts'

const partsMax = 100_000
const charsMax = 400_000
const claimsMax = 60
/** A page of more years is a list of them. */
const yearsMax = 300
const shortLine = 60
/** Characters before a date that may say what it is. */
const labelReach = 70
const copyrightReach = 40
/** The year at the foot of a page is that of its host; it says no more than that the page may be so old. */
const copyrightScore = 0.15
const monthShare = 0.4

/** The visible text of a page as it is read, with what each part stands in; then the dates in it. */
export class PageText {
  readonly #pieces: string[] = []
  #length = 0
  /** What stands between the last text and the next. */
  #gap = ''
  /** Of the texts: where they begin, and what they stand in. */
  readonly #starts: number[] = []
  readonly #parents: ParentNode[] = []
  #headingAt = -1

  get length(): number {
    return this.#length
  }

  add(data: string, parent: ParentNode): void {
    if (this.#length > charsMax || this.#starts.length >= partsMax || isBlank(data)) return
    if (this.#gap !== '') this.#pieces.push(this.#gap)
    this.#length += this.#gap.length
    this.#gap = ''
    this.#starts.push(this.#length)
    this.#parents.push(parent)
    this.#pieces.push(data)
    this.#length += data.length
  }

  /** Between two elements. */
  space(isBlock: boolean): void {
    if (isBlock) this.#gap = '\n'
    else if (this.#gap === '') this.#gap = ' '
  }

  heading(): void {
    if (this.#headingAt < 0) this.#headingAt = this.#length
  }

  claims(places: Places): DateClaim[] {
    const text = plainDigits(this.#pieces.join(''))
    return [...this.#longClaims(text, places), ...this.#shortClaims(text, places)]
  }

  #longClaims(text: string, places: Places): DateClaim[] {
    const claims: DateClaim[] = []
    let [part, end, years, copyright] = [0, 0, 0, 0]
    for (const { index } of text.matchAll(yearPattern)) {
      if (claims.length >= claimsMax || ++years > yearsMax) break
      if (index < end) continue
      part = this.#partAt(index, part)
      const found = aroundYear(text, index, 'day-first', true)
      if (!found) {
        if (isCopyright(text.slice(Math.max(0, index - copyrightReach), index))) copyright = Math.max(copyright, Number(text.slice(index, index + 4)))
        continue
      }
      end = found.end
      const claim = this.#claimAt(text, found.start, found.end, this.#placesOf(part, places))
      claims.push(found.precision === 'month' ? { ...claim, score: claim.score * monthShare } : claim)
    }
    if (copyright > 0) claims.push({ kind: 'published', by: 'copyright', value: String(copyright), score: copyrightScore, place: '©' })
    return claims
  }

  /** `5.3.20`, where a date is to be expected. */
  #shortClaims(text: string, places: Places): DateClaim[] {
    const claims: DateClaim[] = []
    let [part, numbers] = [0, 0]
    for (const { index, 0: found } of text.matchAll(shortDays)) {
      if (claims.length >= claimsMax || ++numbers > yearsMax) break
      part = this.#partAt(index, part)
      const where = this.#placesOf(part, places)
      if (!isMarked(where)) continue
      const claim = this.#claimAt(text, index, index + found.length, where)
      claims.push({ ...claim, score: claim.score * 0.9 })
    }
    return claims
  }

  /** The part that a place in the text is of. @param from one before it */
  #partAt(index: number, from: number): number {
    let part = from
    while ((this.#starts[part + 1] ?? Infinity) <= index) part++
    return part
  }

  #placesOf(part: number, places: Places): number {
    const parent = this.#parents[part]
    return parent && 'attribs' in parent ? places.of(parent) : 0
  }

  #claimAt(text: string, start: number, end: number, places: number): DateClaim {
    const before = text.slice(Math.max(0, start - labelReach), start)
    const label = dateLabel(before)
    const isUpdated = label ? label.kind === 'modified' : (places & place.updated) !== 0 && (places & place.published) === 0
    const share = trustIn(places) * (isCopyright(before) ? 0.7 : 1)
    const score = Math.min(0.9, (label ? 0.8 : baseOf(places)) * share + this.nearHeading(start) + lineShare(text, start, end, isMarked(places)))
    return {
      kind: isUpdated ? 'modified' : 'published',
      by: 'text',
      value: text
        .slice(start, end + 24)
        .replace(/\s+/g, ' ')
        .trim(),
      score: Math.max(0.01, score),
      place: label?.words ?? '',
    }
  }

  /** The lines after the title are where a text is dated. */
  nearHeading(at: number): number {
    if (this.#headingAt < 0) return 0
    const distance = at - this.#headingAt
    return distance >= 0 ? (distance < 700 ? 0.1 : 0) : distance > -200 ? 0 : -0.05
  }
}

const isCopyright = (before: string): boolean => /(?:©|\(c\)|copyright)[^\n]{0,30}$/i.test(before)

function isBlank(data: string): boolean {
  for (let i = 0; i < data.length; i++) if (data.charCodeAt(i) > 32) return false
  return true
}

function baseOf(places: number): number {
  if ((places & place.published) !== 0) return 0.78
  if ((places & place.dated) !== 0) return 0.68
  return (places & place.byline) !== 0 ? 0.6 : 0.4
}

/** A date in a line of its own is a label; one in the middle of a sentence is told of. */
function lineShare(text: string, start: number, end: number, isApart: boolean): number {
  const before = text.slice(Math.max(0, start - shortLine), start)
  const after = text.slice(end, end + shortLine)
  const room = before.length - 1 - before.lastIndexOf('\n') + (after.includes('\n') ? after.indexOf('\n') : after.length)
  return room < 12 ? 0.08 : room < shortLine ? 0.04 : isApart ? 0 : -0.1
}
