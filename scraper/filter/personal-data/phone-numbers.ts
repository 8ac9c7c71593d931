import type { Replace } from './personal-data.ts'

/** What begins with a plus or a bracket: no word, sum or price before it, nor what was replaced. */
const beforeMark = '(?<![\\p{L}\\p{N}_\\]+#$€£¥=])'
/** What begins with a digit: nor a number that goes on. A number that was replaced is one still, so that a second run sees what the first did. */
const beforeDigit = '(?<![\\p{L}\\p{N}_\\]+#$€£¥=.-]|(?:\\p{N}|\\[phone\\])[ .,:/-])'
/** Nor behind it: a number that goes on is another kind of number. */
const after = '(?![\\p{L}\\p{N}_[%]|[.,:/-]\\p{N}| ?\\p{N})'

/** One mark between groups, or a bracket with it. */
const gap = '[ \\u00a0./-]?[ \\u00a0]?'
/** International (ITU-T E.123): + or 00, country, groups. */
const international = `\\+[1-9](?:${gap}(?:\\(\\d{1,5}\\)|\\d)){7,17}`
const dialled = `00[1-9]\\d{0,2}[ ./-](?:${gap}\\d){6,12}`
/** North America (NANP): area and exchange begin with 2 to 9. */
const american = '(?:1[ .-])?[2-9]\\d{2}([.-])[2-9]\\d{2}\\1\\d{4}'
/** An area in brackets: America, Russia; with a trunk prefix Europe. */
const bracketed = '\\((?:[2-9]\\d{2,3}\\) ?\\d{3}[ .-]?\\d{2}[ -]?\\d{2}|0[1-9]\\d{1,4}\\) ?[1-9]\\d{2,7}(?:[ -]\\d{2,5}){0,2})'
/** Trunk prefix 0, area and number in two to four groups: Germany, United Kingdom, Italy, Netherlands … */
const national = '0[1-9]\\d{1,4}(?: ?/ ?|[ -])[1-9]\\d{2,7}(?:[ -]\\d{2,5}){0,2}'
/** Two, four, four: Australia, Japan, Taiwan. A year is no group of them. */
const fours = '0[1-9]([ -])[3-9]\\d{3}\\2\\d{4}'
/** France and Belgium: five pairs. */
const pairs = '0[1-9]([ .-])\\d{2}(?:\\3\\d{2}){3}'
/** Whatever stands behind a word that says so. */
const cue =
  '(?:tel|phone|telephone|telefon|téléphone|teléfono|telefono|telefone|fon|fax|mobile|mobil|handy|whatsapp|тел|телефон)[.]?[:：]|(?:tel|fax|fon|mob|тел)[.]'
const named = `(?<=(?:\\b(?:${cue})|(?:電話|电话|☎|📞)[:：]?) {0,2})(?<named>\\(?\\d(?:[ ./()-]{0,2}\\d){6,14})`

const marked = `${beforeMark}(?:${international}|${bracketed})`
const bare = `${beforeDigit}(?:${american}|${fours}|${pairs}|${dialled}|${national})`
const number = new RegExp(`(?:${marked}|${bare}|${named})${after}`, 'giu')

const date = /(?:19|20)\d{2}[-./](?:0?[1-9]|1[0-2])[-./]\d|\d[-./](?:0?[1-9]|1[0-2])[-./](?:19|20)\d{2}(?!\d)/
const groupsMax = 7

/** Telephone numbers with a form that little else has: with a plus, in the groups of a country, or named as one. Bare digits may be anything, and stay. */
export const phoneNumbers: Replace = (text, placeholder) =>
  text.replace(number, (found: string, ...rest: unknown[]) => {
    const { named: isNamed } = rest.at(-1) as { named: string | undefined }
    const groups = found.match(/\d+/g) ?? []
    const digits = groups.join('').length
    const mayBeAbroad = /^(?:\+|00)/.test(found) || isNamed !== undefined
    const fits = digits >= (/^\(?0/.test(found) ? 9 : 7) && digits <= (mayBeAbroad ? 15 : 11)
    return fits && groups.length <= groupsMax && !date.test(found) ? placeholder() : found
  })
