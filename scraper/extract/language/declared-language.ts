/** What pages call a language that the model knows by another name: retired and specific codes, and those it makes no difference of. */
const names: Readonly<Record<string, string>> = {
  nb: 'no',
  fil: 'tl',
  prs: 'fa',
  zlm: 'ms',
  zsm: 'ms',
  me: 'sr',
  cnr: 'sr',
}

/**
 * One language of several standards, whose texts the model cannot tell apart for sure: Serbo-Croatian, Malay, Norwegian, Chinese, Hindi with its neighbours,
 * English with Scots, Spanish with Asturian. Their probabilities are one, and the page says which it is.
 */
const families: readonly (readonly string[])[] = [
  ['hr', 'sr', 'bs'],
  ['id', 'ms'],
  ['no', 'nn'],
  ['zh', 'yue', 'wuu'],
  ['hi', 'bho', 'mai'],
  ['en', 'sco'],
  ['es', 'ast'],
]
const familyOf: ReadonlyMap<string, string> = new Map(families.flatMap((family) => family.map((lang) => [lang, family[0] as string] as const)))

/** What a language is counted under: the first of its family, or itself. */
export const familyName = (lang: string): string => familyOf.get(lang) ?? lang

/** The language of a BCP 47 tag, as the model calls it: ISO 639-1 where there is a code, else ISO 639-3. */
export function declaredLanguage(tag: string | undefined): string | undefined {
  const found = /^[a-z]{2,3}(?=$|[-_])/.exec(tag?.trim().toLowerCase() ?? '')?.[0]
  // Serbo-Croatian says no more than its letters do.
  if (found === undefined || found === 'sh' || found === 'und') return undefined
  const lang = new Intl.Locale(found).language
  return names[found] ?? names[lang] ?? lang
}
