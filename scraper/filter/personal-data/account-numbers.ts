import type { Replace } from './personal-data.ts'

/** Length of an IBAN by its country (ISO 13616 registry). */
const ibanChars: ReadonlyMap<string, number> = new Map(
  (
    'NO15 BE16 DK18 FI18 FO18 GL18 NL18 SD18 FK18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 XK20 MN20 CH21 CR21 HR21 LI21 LV21 BG22 BH22 DE22 GB22 GE22 IE22 ME22 RS22 VA22 ' +
    'AE23 GI23 IL23 IQ23 OM23 SO23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 VG24 PT25 LY25 ST25 IS26 TR26 BI27 DJ27 FR27 GR27 IT27 MC27 MR27 SM27 ' +
    'AL28 AZ28 BY28 CY28 DO28 GT28 HU28 LB28 NI29 BR29 EG29 PS29 QA29 UA29 JO30 KW30 MU30 YE30 MT31 SC31 LC32 RU33'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

/** Whole, or in groups of four as it is printed. What follows is another matter: the country says where it ends. */
const iban = /(?<![\p{L}\p{N}_\]-])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,29}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![\p{L}\p{N}_[-])/gu

/** IBANs with their check digits (ISO 13616, ISO 7064 mod 97-10). */
export const bankAccounts: Replace = (text, placeholder) =>
  text.replace(iban, (found: string) => {
    const length = ibanChars.get(found.slice(0, 2))
    if (length === undefined) return found
    // A short word behind it may look like its last group.
    const end = endOfCompact(found, length)
    const rest = found.slice(end)
    return (rest === '' || rest.startsWith(' ')) && isIban(found.slice(0, end).replaceAll(' ', ''), length) ? placeholder() + rest : found
  })

/** Where the first `length` characters that are no spaces end. */
function endOfCompact(text: string, length: number): number {
  let at = 0
  for (let seen = 0; at < text.length && seen < length; at++) if (text[at] !== ' ') seen++
  return at
}

function isIban(compact: string, length: number): boolean {
  if (compact.length !== length) return false
  let rest = 0
  for (const char of compact.slice(4) + compact.slice(0, 4)) rest = Number(`${rest}${Number.parseInt(char, 36)}`) % 97
  return rest === 1
}

/** Whole, or in the groups in which its kind is printed: 4-4-4-4(-3), 4-6-5, 4-6-4. */
const card =
  /(?<![\p{L}\p{N}_\]]|\p{N}[.,-]|[-+#])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![\p{L}\p{N}_[]|[.,-]\p{N})/gu

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

/** Numbers of payment cards with their check digit (Luhn, ISO/IEC 7812-1 annex B). */
export const paymentCards: Replace = (text, placeholder) =>
  text.replace(card, (found: string) => {
    const digits = found.replace(/[ -]/g, '')
    const isKnown = networks.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits))
    return isKnown && hasLuhnDigit(digits) ? placeholder() : found
  })

function hasLuhnDigit(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48
    const weighted = at % 2 === 1 ? 2 * digit : digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return sum % 10 === 0
}
