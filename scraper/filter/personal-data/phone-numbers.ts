import { isIP } from 'node:net'
import { letters } from './letters.ts'
import { isIdentifier, isInUrl } from './number-place.ts'
import type { Replace } from './personal-data.ts'
import { cueBefore, type Cue } from './phone-cues.ts'
import { openPhonePlans, type PhonePlans } from './phone-plans.ts'
import { numberRuns, type Groups } from './phone-runs.ts'
import { beginningsOf, digitsOf, spanOf, type NumberSpan, type Span } from './phone-span.ts'

/** Digits and marks of other scripts, one code unit each, as ASCII. */
const foreign = /[０-９٠-٩۰-۹०-९＋－（）．／　]|(?<=[\d０-９])[ー―—−](?=[\d０-９])/g
const foreignDigits = '０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९'
const asciiMarks: Readonly<Record<string, string>> = {
  '＋': '+',
  '－': '-',
  '（': '(',
  '）': ')',
  '．': '.',
  '／': '/',
  '　': ' ',
  ー: '-',
  '―': '-',
  '—': '-',
  '−': '-',
}
const ascii = (char: string): string => asciiMarks[char] ?? String(foreignDigits.indexOf(char) % 10)

/** No word, sum or price stands before a plus or a bracket, nor what was replaced. */
const goesOnBefore = new RegExp(`(?:[${letters}\\p{N}_\\]+#$€£¥]|= ?)$`, 'v')
/** Nor before a digit a number that goes on. One that was replaced is one still, so that a second run sees what the first did. */
const numberBefore = /[.\-−]$|(?:\p{N}|\[phone\])[ .,:/-]$/u
const goesOnBehind = new RegExp(`^(?!(?:tel|fax|mob|mail|e-?mail|web|www)[.:])(?:[${letters}\\p{N}_\\[$€£¥]| ?%)`, 'iv')
const american = /^\d{3}([-./])\d{3}[-.]\d{4}$/
/** Five numbers of two digits behind a word for what is drawn. */
const pairs = /^\d{2}(?:[ .-]\d{2}){4}$/
const draw = /(?:zahlen|numbers|num[ée]ros|números|numeri|tirage|ziehung|draw|keno|lott?o|lottery|powerball|millions|jackpot)\P{L}{0,4}$/iu
const numberBehind = /^(?:[.,:/-]\p{N}| ?\p{N})/u
const extension = new RegExp(
  `^ {0,2}[,;]? ?(?:ext(?:ension|n)?|x|доб|вн|durchwahl|dw|app(?=\\.)|int(?=\\.)|poste|anexo|ramal|interno|toestel|#|内线|內線|内線|分机|分機|转|轉|내선)[.:=]{0,2} {0,2}-?\\d{1,7}(?![${letters}\\p{N}])`,
  'iv',
)
/** Says as much as a word in front. */
const extensionWord = /^,? ?(?:ext|extn|extension|durchwahl|доб)[. ]{1,2}\d{1,6}(?!\d)/i

/**
 * Telephone numbers: with a plus, behind a word that says so, or as numbers of a country are written at home; by the numbering plans of all countries
 * (`libphonenumber-js`). Bare digits may be anything, and stay. Extensions go with them.
 */
export const phoneNumbers: Replace = (original, placeholder) => {
  const text = original.replace(foreign, ascii)
  const plans = openPhonePlans()
  let [clean, done] = ['', 0]
  for (const groups of numberRuns(text)) {
    const number = numberOf(text, groups, done, plans)
    if (number === undefined) continue
    clean += original.slice(done, number.start) + placeholder()
    done = number.end
  }
  return clean + original.slice(done)
}

const [lookBackChars, lookAheadChars] = [64, 24]

/** The number that these groups are, or begin with. @param done where the last one ended */
function numberOf(text: string, groups: Groups, done: number, plans: PhonePlans): Span | undefined {
  const span = spanOf(text, groups)
  if (span === undefined || span.start < done) return undefined
  const before =
    done > 0 && done >= span.start - lookBackChars ? `[phone]${text.slice(done, span.start)}` : text.slice(Math.max(0, span.start - lookBackChars), span.start)
  const found = international(text, span, before, plans) ?? named(text, span, before) ?? national(text, span, before, plans)
  if (found === undefined || isInUrl(text, found.start)) return undefined
  const more = extension.exec(text.slice(found.end, found.end + lookAheadChars))?.[0].length ?? 0
  return { start: found.start, end: found.end + more }
}

const year = '(?:19|20)\\d{2}'
const [day, month] = ['(?:0?[1-9]|[12]\\d|3[01])', '(?:0?[1-9]|1[0-2])']
/** Dates, spans of years, prices, versions, numbers of American social security. */
const other = new RegExp(
  `(?<!\\d)${year}[-./ ]${month}[-./ ]\\d|\\d[-./ ]${month}[-./ ]${year}(?!\\d)|(?<!\\d)${month}([-./])${day}\\1${year}(?!\\d)|^${year}\\d{4}$|^(?:${year}\\D{0,3}){1,3}$|${year}[-–/]${year}|^\\d+\\.\\d{1,2}$|^\\d\\.\\d\\D|^\\d{3}-\\d{2}-\\d{4}$`,
)

function international(text: string, span: NumberSpan, before: string, plans: PhonePlans): Span | undefined {
  const dials = /^(?:00|011)[ -]?[1-9]/.test(text.slice(span.start, span.start + 5))
  if (!(span.hasPlus || dials) || goesOnBefore.test(before.slice(-2)) || (dials && numberBefore.test(before)) || isSum(text, span, before)) return undefined
  return beginningsOf(text, span).find((found) => {
    const written = text.slice(found.start, found.end)
    if (goesOn(text, found) || /^[.,]\d/.test(text.slice(found.end, found.end + 2)) || /^\+\d+\.\d+$/.test(written) || hasLooseDigits(written)) return false
    const digits = digitsOf(dials ? written.replace(/^01?[01]/, '') : written)
    const isGrouped = found.end === span.end && !dials && /[ ().-]/.test(written)
    return digits.length >= 7 && (plans.isInternational(`+${digits}`) || (isGrouped && plans.isPossible(`+${digits}`)))
  })
}

/** "3 + 49" */
const isSum = (text: string, { start }: Span, before: string): boolean => /^\(?\+ /.test(text.slice(start, start + 3)) && /[\p{L}\p{N})\]] ?$/u.test(before)

/** In a word, unless that is an extension. */
function goesOn(text: string, { end }: Span): boolean {
  const behind = text.slice(end, end + lookAheadChars)
  return goesOnBehind.test(behind) && !extension.test(behind)
}

/** Digits that stand alone are no groups of a number, but the country, its zero and the end. */
const hasLooseDigits = (written: string): boolean => (written.match(/(?<=\d\D+)(?<!\()\d(?=\D+\d)/g) ?? []).length > 1

function named(text: string, span: NumberSpan, before: string): Span | undefined {
  const found = beginningsOf(text, span)[0]
  if (found === undefined) return undefined
  const [written, behind] = [text.slice(found.start, found.end), text.slice(found.end, found.end + lookAheadChars)]
  const cue = cueOf(before, behind)
  if (cue === 'none' || other.test(written) || isIP(written) !== 0 || goesOn(text, found)) return undefined
  return isLongEnough(written, cue, behind) ? found : undefined
}

function cueOf(before: string, behind: string): Cue {
  const cue = mayBeNamed(before.slice(-9)) ? cueBefore(before) : 'none'
  return cue === 'none' && extensionWord.test(behind) && !numberBefore.test(before) ? 'asked' : cue
}

/** A word stands in front, with marks between, or another number of a list. */
const mayBeNamed = (before: string): boolean => /[^\p{N}\s](?<!\p{N}[.,/-])[\s\u00a0]{0,6}$/u.test(before)

function isLongEnough(written: string, cue: Cue, behind: string): boolean {
  const digits = digitsOf(written).length
  if (cue === 'certain') return digits >= 7 || (digits >= 4 && !/^-\p{L}/u.test(behind))
  if (cue === 'asked') return digits >= 7 && !/^\d+0000$/.test(written)
  // A local number of Russia and its neighbours.
  if (/^\d{1,3}-\d{2}-\d{2}$/.test(written)) return true
  if (cue === 'sibling') return digits >= 7 && /^[(+0]|\d\D/.test(written)
  return digits >= 7 || (digits >= 5 && !/^(?:\p{L}|\s\p{Ll}|[.,]\d)/u.test(behind))
}

function national(text: string, span: NumberSpan, before: string, plans: PhonePlans): Span | undefined {
  const { start, end } = span
  const written = withoutVariant(text.slice(start, end))
  const digits = digitsOf(written).length
  if (span.hasPlus || digits < 9 || digits > (written.startsWith('0') ? 12 : 11) || other.test(written)) return undefined
  if (goesOnBefore.test(before.slice(-2)) || goesOn(text, span) || (pairs.test(written) && draw.test(before))) return undefined
  return isAlone(written, before, text.slice(end, end + 3)) && !isIdentifier(text, start) && plans.isNational(written) ? { start, end } : undefined
}

/** No digits stand beside it but those of another number, which phone-runs.ts parts from it. */
function isAlone(written: string, before: string, behind: string): boolean {
  if (american.test(written)) return true
  const [isFirst, isNext] = written.startsWith('0') ? [/^ 0[1-9]/.test(behind), before.endsWith('[phone] ')] : [false, false]
  return (!numberBefore.test(before) || !/^\d/.test(written) || isNext) && (!numberBehind.test(behind) || isFirst)
}

/** Without the end of another number, or the extension: "212-736-5000/5001", "010-82657868-583". */
function withoutVariant(written: string): string {
  const first = written.replace(digitsOf(written).length > 12 ? /[/-]\d{1,6}$/ : /\/\d{1,4}$/, '')
  return digitsOf(first).length < 9 ? written : first
}
