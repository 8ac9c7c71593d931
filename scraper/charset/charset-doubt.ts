import type { DecodedText } from './charset.ts'

/** One character in so many that no encoding gives to text: a text with more is damaged, whatever was declared. */
const damagedMin = 1 / 200
// oxlint-disable-next-line no-control-regex -- it is these that are looked for.
const damaged = /[\ufffd\0-\x08\x0e-\x1f\x7f-\x9f]/g
/** Of the characters that only the guessed encoding makes what they are, so many in company that no text has. Of Cyrillic that is all letters. */
const oddLatinMin = 1 / 3
const oddCyrillicMin = 1 / 100
/** So much of a text must be of known languages for their names to count; or so many characters are there in which none was found. */
const knownMin = 0.6
const unknownMin = 400

/** The languages that are written in the encodings of one script. */
const languages: readonly (readonly [charsets: RegExp, languages: RegExp])[] = [
  [/^(?:shift_jis|euc-jp|iso-2022-jp)$/, /^ja$/],
  [/^euc-kr$/, /^ko$/],
  [/^(?:gbk|gb18030|big5)$/, /^(?:zh|yue|wuu)$/],
  [/^windows-874$/, /^th$/],
  [/^(?:windows-1253|iso-8859-7)$/, /^(?:el|grc)$/],
  [/^(?:windows-1255|iso-8859-8(?:-i)?)$/, /^(?:he|yi)$/],
  [/^(?:windows-1256|iso-8859-6)$/, /^(?:ar|arz|fa|ur|ps|ckb|ug|sd|azb|pnb|mzn)$/],
  [/^(?:windows-1251|koi8-[ru]|ibm866|iso-8859-5)$/, /^(?:ru|uk|be|bg|sr|mk|kk|ky|tg|mn|tt|ba|cv|os|ce|av|bxr|kv|krc|lez|mhr|mrj|myv|rue|sah|tyv|xal)$/],
  // In a Latin one may be any but those whose letters the Western one has not.
  [/^windows-1252$/, /^(?!(?:pl|cs|sk|hu|ro|hr|sl|bs|lv|lt|tr|az|vi)$)/],
]
const isLatin = /^(?:windows-125[0247]|iso-8859-(?:2|4|13)|macintosh)$/
const isCyrillic = /^(?:windows-1251|koi8-[ru]|ibm866|iso-8859-5)$/

/** Three letters with accents in a row, or a sign or a capital within a word of small letters: another encoding's words read as Latin. */
const oddLatin = /[\u00aa-\u024f]{3,}|(?<=\p{Ll})[[\p{Lu}\p{S}¡¿†-•‰]--\p{ASCII}](?=\p{Ll})/gv
/** The same letters lie elsewhere: capitals where small ones belong, signs where capitals do. */
const oddCyrillic = /(?<=\p{Ll})\p{Lu}+|[‚†‡€‰](?=\p{Ll})/gu
const beyondAscii = /[\u0080-\uffff]/g

/**
 * Whether a text is too likely to be in another encoding than it was read in to be kept: what was declared does not fit its bytes, or what was guessed makes
 * words of it that no language has, or is in a script of other languages than the text. Pure.
 * @param text the main text of a page, as decoded
 * @param shares the languages found in it
 */
export function isDoubtful(text: string, { charset, isGuessed, isContradicted }: Omit<DecodedText, 'text'>, shares: Readonly<Record<string, number>>): boolean {
  if (lengthOf(text, damaged) > text.length * damagedMin) return true
  if (!isGuessed) return isContradicted === true && text.search(beyondAscii) !== -1
  const beyond = lengthOf(text, beyondAscii)
  if (isLatin.test(charset) && lengthOf(text, oddLatin) > oddLatinMin * beyond) return true
  if (isCyrillic.test(charset) && lengthOf(text, oddCyrillic) > oddCyrillicMin * beyond) return true
  const wanted = languages.find(([charsets]) => charsets.test(charset))?.[1]
  const known = Object.values(shares).reduce((sum, share) => sum + share, 0)
  if (wanted === undefined || Object.keys(shares).some((lang) => wanted.test(lang))) return false
  return known >= knownMin || (known === 0 && beyond >= unknownMin)
}

/** Of all matches together, UTF-16 units. */
function lengthOf(text: string, pattern: RegExp): number {
  let length = 0
  for (const [match] of text.matchAll(pattern)) length += match.length
  return length
}
