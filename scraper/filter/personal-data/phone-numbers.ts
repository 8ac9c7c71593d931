import type { Replace } from './personal-data.ts'

/** What begins with a plus or a bracket: no word, sum or price before it, nor what was replaced. */
const beforeMark = '(?<![\\p{L}\\p{N}_\\]+#$€£¥=])'
/** What begins with a digit: nor a number that goes on. A number that was replaced is one still, so that a second run sees what the first did. */
const beforeDigit = '(?<![\\p{L}\\p{N}_\\]+#$€£¥=.-]|(?:\\p{N}|\\[phone\\])[ .,:/-])'
/** Nor behind it: a number that goes on is another kind of number. */
const after = '(?![\\p{L}\\p{N}_[%]|[.,:/-]\\p{N}| ?\\p{N})'

/** One mark between groups, or a bracket with it. */
const gap = '[ \\u00a0./-]?[ \\u00a0]?'
/** International (ITU-T E.123): +, country, groups, 8 to 15 digits in all. */
const international = `\\+[1-9](?:${gap}(?:\\(\\d{1,5}\\)|\\d)){7,17}`
/** North America (NANP): area and exchange begin with 2 to 9. */
const american = '(?:1[ .-])?[2-9]\\d{2}([.-])[2-9]\\d{2}\\1\\d{4}'
const americanInBrackets = '\\([2-9]\\d{2}\\) ?[2-9]\\d{2}[ .-]\\d{4}'
/** Trunk prefix 0, area and number in two to four groups: Germany, United Kingdom, Italy, Netherlands, Australia, Japan … 9 to 11 digits. */
const national = '0[1-9]\\d{1,4}(?: ?/ ?|[ -])\\d{3,8}(?:[ -]\\d{2,5}){0,2}'
const nationalInBrackets = '\\(0[1-9]\\d{1,4}\\) ?\\d{3,8}(?:[ -]\\d{2,5}){0,2}'
/** France and Belgium: five pairs. */
const pairs = '0[1-9]([ .-])\\d{2}(?:\\2\\d{2}){3}'
/** Whatever stands behind a word that says so. */
const named =
  '(?<=\\b(?:tel|phone|telephone|telefon|téléphone|teléfono|telefono|telefone|fon|fax|mobile|mobil|handy|whatsapp|тел|телефон)[.]?[:：] {0,2}|(?:電話|电话|☎|📞)[:：]? {0,2})\\(?\\d(?:[ ./()-]{0,2}\\d){6,14}'

const marked = `${beforeMark}(?:${international}|${americanInBrackets}|${nationalInBrackets})`
const bare = `${beforeDigit}(?:${american}|${national}|${pairs})`
const number = new RegExp(`(?:${marked}|${bare}|${named})${after}`, 'giu')

const date = /(?:19|20)\d{2}[-./](?:0?[1-9]|1[0-2])[-./]\d|\d[-./](?:0?[1-9]|1[0-2])[-./](?:19|20)\d{2}(?!\d)/

/** Telephone numbers with a form that little else has: with a plus, in the groups of a country, or named as one. Bare digits may be anything, and stay. */
export const phoneNumbers: Replace = (text, placeholder) =>
  text.replace(number, (found: string) => {
    const digits = found.replace(/\D/g, '').length
    const isPhone = digits >= 7 && digits <= 15 && (found.startsWith('+') || digits <= 12) && (/^\+|^\(?[1-9]/.test(found) || digits >= 9) && !date.test(found)
    return isPhone ? placeholder() : found
  })
