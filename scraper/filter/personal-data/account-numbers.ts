import { validateIBAN, ValidationErrorsIBAN, countrySpecs } from 'ibantools'
import { letters } from './letters.ts'
import { isIdentifier } from './number-place.ts'
import type { Replace } from './personal-data.ts'

/** How an IBAN begins, whole or in groups, in letters of any case. What may not stand before it is looked at only where this is. */
const ibanStart = /[A-Za-z]{2}[ \u00a0-]?\d{2}(?=[ \u00a0-]?[A-Za-z0-9])/g
const goesOnBefore = new RegExp(`[${letters}\\p{N}_\\]\\-]$`, 'v')
const wordChar = new RegExp(`[${letters}\\p{N}_\\[]`, 'v')

/** IBANs by the structure of their country and their check digits (ISO 13616, its registry as `ibantools` has it; ISO 7064 mod 97-10). */
export const bankAccounts: Replace = (text, placeholder) => {
  let [clean, done] = ['', 0]
  ibanStart.lastIndex = 0
  for (let found = ibanStart.exec(text); found !== null; found = ibanStart.exec(text)) {
    const at = found.index
    const end = goesOnBefore.test(text.slice(Math.max(0, at - 2), at)) ? undefined : ibanEnd(text, at)
    // What begins like one may hide the true one behind it: "in 12 months DE89 …".
    if (end === undefined) ibanStart.lastIndex = at + 1
    else {
      clean += text.slice(done, at) + placeholder()
      done = ibanStart.lastIndex = end
    }
  }
  return clean + text.slice(done)
}

/** Where the IBAN ends that begins here: its country says how long it is. */
function ibanEnd(text: string, start: number): number | undefined {
  const chars = countrySpecs[text.slice(start, start + 2).toUpperCase()]?.chars
  if (chars === undefined || chars === null) return undefined
  let [compact, at] = ['', start]
  while (compact.length < chars) {
    const char = text[at++] ?? ''
    if (/[A-Z0-9]/i.test(char)) compact += char
    // Between two groups stands one mark.
    else if (!/[ \u00a0-]/.test(char) || !/[A-Z0-9]/i.test(text[at] ?? '')) return undefined
  }
  const after = text.slice(at, at + 2)
  return isIban(compact.toUpperCase()) && !wordChar.test(after.slice(0, 1)) && !/^-\w/.test(after) ? at : undefined
}

/** What a bank checks within its country is not asked. */
const isIban = (compact: string): boolean => validateIBAN(compact).errorCodes.every((code) => code === ValidationErrorsIBAN.WrongAccountBankBranchChecksum)

/** Whole, or in the groups in which its kind is printed: 4-4-4-4(-3), 4-6-5, 4-6-4. */
const card = new RegExp(
  `(?<![${letters}\\p{N}_\\]]|\\p{N}[.,\\-]|[\\-+#\\/])(?:\\d{13,19}|\\d{4}([ \\u00a0\\-])\\d{4}\\1\\d{4}\\1\\d{4}(?:\\1\\d{3})?|\\d{4}([ \\u00a0\\-])\\d{6}\\2\\d{4,5})(?![${letters}\\p{N}_\\[\\/]|[.,\\-]\\p{N})`,
  'gv',
)

/** First digits (ISO/IEC 7812) and lengths of the large networks: Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay. */
const networks: readonly (readonly [prefix: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|64[4-9]|65)/, [16, 19]],
  [/^(?:30[0-5]|3[689])/, [14]],
  [/^35(?:2[89]|[3-8])/, [16]],
  [/^62/, [16, 17, 18, 19]],
]

/** Lengths that cards seldom have and numbers of machines often: hashes, identifiers of 64 bits, times in milliseconds. */
const seldom: ReadonlySet<number> = new Set([13, 17, 18, 19])
const cardWord = /(?:card|visa|carte|karte|tarjeta|carta|cartão|карта|карты|卡号|カード|카드)[^\n\d]{0,24}$/i
/** `seed(`: of a program. */
const call = /\w\($/

/** Numbers of payment cards with their check digit (Luhn, ISO/IEC 7812-1 annex B): one number in ten has it, so that none counts in a URL or behind "id". */
export const paymentCards: Replace = (text, placeholder) =>
  text.replace(card, (found: string, ...rest: unknown[]) => {
    const digits = found.replace(/\D/g, '')
    const isKnown = networks.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits))
    return isKnown && hasLuhnDigit(digits) && mayBeCard(text, Number(rest.at(-2)), found) ? placeholder() : found
  })

function mayBeCard(text: string, at: number, found: string): boolean {
  if (isIdentifier(text, at)) return false
  const before = text.slice(Math.max(0, at - 40), at)
  return /\D/.test(found) || cardWord.test(before) || !(seldom.has(found.length) || call.test(before))
}

function hasLuhnDigit(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48
    const weighted = at % 2 === 1 ? 2 * digit : digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return sum % 10 === 0
}
