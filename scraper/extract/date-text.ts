import type { DateClaim } from './date-claims.ts'
import { aroundYear, plainDigits, shortDay, yearPattern } from './date-formats.ts'
import { place } from './date-place.ts'

const partsMax = 20_000
const charsMax = 400_000
const claimsMax = 60
/** An element that is said to hold a date, and holds more than this, holds more than a date. */
const datedCharsMax = 250
const shortLine = 60
export const ownBits = place.dated | place.updated | place.byline | place.published

/** The visible text of a page as it is read, with where its digits stand; then the dates in it. */
export class PageText {
  #text = ''
  /** What stands between the last text and the next. */
  #gap = ''
  /** Of the texts with digits: where they begin, and their places. */
  readonly #starts: number[] = []
  readonly #places: number[] = []
  /** Of the open elements that say something of themselves. */
  readonly #open: { own: number; start: number; part: number }[] = []
  #headingAt = -1

  add(data: string, places: number): void {
    if (this.#text.length > charsMax || isBlank(data)) return
    if (this.#gap !== '') this.#text += this.#gap
    this.#gap = ''
    if (hasDigit.test(data) && this.#starts.length < partsMax) {
      this.#starts.push(this.#text.length)
      this.#places.push(places)
    }
    this.#text += data
  }

  /** Between two elements. */
  space(isBlock: boolean): void {
    if (isBlock) this.#gap = '\n'
    else if (this.#gap === '') this.#gap = ' '
  }

  /** An element that says something of itself: what it holds, if it is little, is in those places. */
  open(own: number): void {
    this.#open.push({ own: own & ownBits, start: this.#text.length, part: this.#starts.length })
  }

  close(): void {
    const opened = this.#open.pop()
    if (!opened || this.#text.length - opened.start > datedCharsMax) return
    for (let i = opened.part; i < this.#places.length; i++) this.#places[i] = (this.#places[i] ?? 0) | opened.own
  }

  heading(): void {
    if (this.#headingAt < 0) this.#headingAt = this.#text.length
  }

  /** How much a place takes from what stands there now. */
  shareOf(places: number): number {
    return shareOf(places) + this.#nearHeading(this.#text.length)
  }

  claims(): DateClaim[] {
    const text = plainDigits(this.#text)
    const claims: DateClaim[] = []
    let part = 0
    let end = 0
    for (const { index } of text.matchAll(yearPattern)) {
      if (claims.length >= claimsMax) break
      if (index < end) continue
      while ((this.#starts[part + 1] ?? Infinity) <= index) part++
      const found = aroundYear(text, index, 'day-first', true)
      if (!found) continue
      end = found.end
      const claim = this.#claimAt(text, found.start, found.end, this.#places[part] ?? 0)
      if (claim) claims.push(found.precision === 'month' ? { ...claim, score: claim.score * 0.4 } : claim)
    }
    return [...claims, ...this.#shortClaims(text)]
  }

  /** `5.3.20`, where a date is to be expected. */
  #shortClaims(text: string): DateClaim[] {
    const claims: DateClaim[] = []
    for (const [i, start] of this.#starts.entries()) {
      const places = this.#places[i] ?? 0
      if ((places & ownBits) === 0 || claims.length >= claimsMax) continue
      const match = shortDay.exec(text.slice(start, Math.min(start + 100, this.#starts[i + 1] ?? Infinity)))
      const claim = match && this.#claimAt(text, start + match.index, start + match.index + match[0].length, places)
      if (claim) claims.push({ ...claim, score: claim.score * 0.9 })
    }
    return claims
  }

  #claimAt(text: string, start: number, end: number, places: number): DateClaim | undefined {
    const before = text.slice(Math.max(0, start - 70), start)
    if (/(?:©|\(c\)|copyright)[^\n]{0,30}$/i.test(before)) return undefined
    const label = labelOf(before)
    const isUpdated = label ? label.kind === 'modified' : (places & place.updated) !== 0 && (places & place.published) === 0
    const score = Math.min(0.9, (label ? 0.8 : baseOf(places)) * shareOf(places) + this.#nearHeading(start) + lineShare(text, start, end))
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
  #nearHeading(at: number): number {
    if (this.#headingAt < 0) return 0
    const distance = at - this.#headingAt
    return distance >= 0 ? (distance < 700 ? 0.1 : 0) : distance > -200 ? 0.06 : -0.05
  }
}

function isBlank(data: string): boolean {
  for (let i = 0; i < data.length; i++) if (data.charCodeAt(i) > 32) return false
  return true
}

const hasDigit = /[\d\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0ae6-\u0aef\uff10-\uff19]/

function baseOf(places: number): number {
  if ((places & place.published) !== 0) return 0.78
  if ((places & place.dated) !== 0) return 0.68
  return (places & place.byline) !== 0 ? 0.6 : 0.4
}

function shareOf(places: number): number {
  let share = 1
  if ((places & place.comment) !== 0) share *= 0.4
  if ((places & place.aside) !== 0) share *= 0.5
  if ((places & place.footer) !== 0) share *= 0.75
  if ((places & place.link) !== 0) share *= 0.85
  if ((places & place.item) !== 0) share *= 0.85
  return share
}

/** A date in a line of its own is a label; one in the middle of a sentence is told of. */
function lineShare(text: string, start: number, end: number): number {
  const before = text.slice(Math.max(0, start - shortLine), start)
  const after = text.slice(end, end + shortLine)
  const room = before.length - 1 - before.lastIndexOf('\n') + (after.includes('\n') ? after.indexOf('\n') : after.length)
  return room < 12 ? 0.08 : room < shortLine ? 0.04 : -0.1
}

const publishedWords =
  /(?:publi(?:shed|cation|é|ée|cado|cada|cato|cata|cat|kované|ceret|sert|kacji|kováno|cerat|ziert)|posted|written|veröffentlicht|erschienen|erstellt|geschrieben|eingestellt|geplaatst|gepubliceerd|opublikowan\p{L}*|dodano|zveřejněno|vydáno|megjelent|közzétéve|julkaistu|publisert|udgivet|publicerad|опубликован\p{L}*|размещен\p{L}*|дата публикации|yayın\p{L}*|eklenme|objavljeno|発表日|公開日?|投稿日?|発行|发布|發布|发表|게시|등록|입력|first published|mis en ligne|paru|pubblicato|postado|date|datum|fecha|data|stand|vom|dátum|date de publication)$/iu
const updatedWords =
  /(?:updated?|modified|revised|edited|reviewed|changed|aktualisiert|geändert|bearbeitet|mis à jour|mise à jour|modifié\p{L}*|actualizad\p{L}*|aggiornat\p{L}*|atualizad\p{L}*|bijgewerkt|gewijzigd|zaktualizowan\p{L}*|aktualizov\p{L}*|frissítve|päivitetty|oppdatert|opdateret|uppdaterad|обновлен\p{L}*|обновлено|güncell\p{L}*|更新日?|最終更新日?|수정|변경|last update|änderung|stand)$/iu

const kindNamed = (words: string) => (updatedWords.test(words) ? 'modified' : publishedWords.test(words) ? 'published' : undefined)

/** What the words before a date say it is. */
function labelOf(before: string): { kind: DateClaim['kind']; words: string } | undefined {
  const words = before.replace(/[^\p{L}\p{N}]+/gu, ' ').trimEnd()
  let tail = words
  for (let step = 0; step < 4 && tail !== ''; step++) {
    const found = kindNamed(tail)
    if (found) return { kind: found, words: words.trim().slice(-40) }
    tail = tail.replace(/\s?[^\s]+$/u, '')
  }
  return undefined
}
