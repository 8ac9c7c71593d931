import { parsePhoneNumberFromString, type CountryCode, type PhoneNumber } from 'libphonenumber-js/max'

/** Numbering plans of all countries (`libphonenumber-js`), asked by one text. */
export interface PhonePlans {
  /** Whether it is a number with its country. @param text begins with + (ITU-T E.123) */
  isInternational(text: string): boolean
  /** Whether its country is one, and its length may be: numbers of novels and examples, +1 (555) 555-0199. */
  isPossible(text: string): boolean
  /** Whether it is written as numbers of some country are at home, and is one of them. */
  isNational(text: string): boolean
}

/** So many numbers that no plan knows make a table of numbers: from there on none is looked up. */
const unknownMax = 256

/** Countries whose numbers begin with a zero at home, those with the most speakers on the Web first. */
const zeroRegions = 'DE GB FR NL JP IT CH AT AU BE SE TR KR TW ZA NZ IE UA RO ID IL FI EG MY TH VN PH IN PK CN HR RS BG SI SK'.split(' ') as CountryCode[]

export function openPhonePlans(): PhonePlans {
  let unknown = 0
  const regions = [...zeroRegions]
  const counted = (is: (text: string) => boolean) => (text: string) => {
    if (unknown >= unknownMax) return false
    const isOne = is(text)
    if (!isOne) unknown++
    return isOne
  }
  return {
    isInternational: counted((text) => parse(text) !== undefined),
    isPossible: counted((text) => parsePhoneNumberFromString(text, { extract: false })?.isPossible() === true),
    isNational: counted((text) => isOfForm(text) || isWithZero(text, regions)),
  }
}

function parse(text: string, region?: CountryCode): PhoneNumber | undefined {
  const number = parsePhoneNumberFromString(text, { extract: false, ...(region && { defaultCountry: region }) })
  return number?.isValid() === true ? number : undefined
}

/** How numbers are written within a country that little else is like. */
const forms: readonly { pattern: RegExp; regions: readonly CountryCode[] }[] = [
  { pattern: /^(?:1[ .-])?[2-9]\d{2}(?:([.-])[2-9]\d{2}\1|\/[2-9]\d{2}-)\d{4}$/, regions: ['US'] },
  { pattern: /^(?:1[ .-]?)?\([2-9]\d{2}\) ?-? ?[2-9]\d{2}[ .-]?(?: ?\d{2}[ .-]?\d{2})$/, regions: ['US', 'MX'] },
  { pattern: /^(?:[78][ -]?)?\(\d{3,5}\) ?\d{1,3}[ -]?\d{2}[ -]?\d{2}$/, regions: ['RU', 'KZ', 'UA'] },
  { pattern: /^8([ -])\d{3}\1\d{3}([ -])\d{2}\2\d{2}$/, regions: ['RU', 'KZ'] },
  { pattern: /^\(\d{2}\) ?9?\d{4}[ -]\d{4}$/, regions: ['BR', 'MX'] },
  { pattern: /^1[38]00([ -])\d{3}\1\d{3,4}$/, regions: ['AU', 'IN'] },
  { pattern: /^1[3-9]\d([ -])\d{4}\1\d{4}$/, regions: ['CN'] },
]

const isOfForm = (text: string): boolean =>
  forms.some(({ pattern, regions }) => pattern.test(text) && regions.some((region) => parse(text, region) !== undefined))

/** An area or a network with its zero, and what follows in groups. */
const withZero =
  /^\(?0[1-9]\d{0,4}\)?(?: ?[-./‐‑–] ?| )?[1-9]\d(?:[ ./‐‑–-]?\d){4,9}$|^0[1-9]\d{0,4}(?: ?[-./‐‑–] ?| )\d{2,8}(?:[ ./‐‑–-]\d{2,5}){0,4}$|^0[1-9]\d{0,4}\(\d{1,4}\)\d{3,4}$/
/** Five and four digits are as like as not an American ZIP code. */
const zip = /^\d{5}[-‐‑–]\d{4}$/
const pairs = /^\d{2}(?:[ -]\d{2}){4}$/

/** @param regions tried in this order; the one that knows it comes first the next time: numbers of one text are mostly of one country */
function isWithZero(written: string, regions: CountryCode[]): boolean {
  // "(0 30) 90 18 20", "0 (212) 345 67 89", "02)123-4567"
  const text = written
    .replace(/^\(?0 ?\(?(?=[1-9])/, '0')
    .replace(/^(0\d{1,4})\)/, '$1 ')
    .replace('  ', ' ')
  if (!withZero.test(text) || zip.test(text) || !/\D/.test(text) || (pairs.test(text) && isDraw(text))) return false
  const groups = groupsOf(text)
  const at = regions.findIndex((region) => {
    const number = parse(text, region)
    return number !== undefined && areGroupedAlike(groups, groupsOf(number.formatNational()))
  })
  const [region] = regions.splice(at, at < 0 ? 0 : 1)
  if (region !== undefined) regions.unshift(region)
  return region !== undefined
}

const groupsOf = (text: string): string[] => text.match(/\d+/g) ?? []

/** The first group, an area or a network, is the same, and no other group ends within one of the other's. */
function areGroupedAlike(groups: readonly string[], usual: readonly string[]): boolean {
  if (groups[0] !== usual[0]) return false
  const [ends, usualEnds] = [endsOf(groups), endsOf(usual)]
  return ends.every((end) => usualEnds.includes(end)) || usualEnds.every((end) => ends.includes(end))
}

function endsOf(groups: readonly string[]): number[] {
  let end = 0
  return groups.map((group) => (end += group.length))
}

/** Five numbers of a lottery: in order and none above 70, or none above 49. Of French telephone numbers one in ten is like that. */
function isDraw(text: string): boolean {
  const numbers = groupsOf(text).map(Number)
  const max = numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0)) ? 70 : 49
  return numbers.every((number) => number <= max)
}
