export interface Language {
  /** ISO 639-1, or `und`. */
  lang: string
  /** How sure, 0..1. */
  score: number
}

/** The commonest words of each language that few of the others share; none of one letter, which code and formulas are full of. */
const stopWords: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    en: 'the of and to in is that for it with as on be at by this are from or an was not have you which can if will',
    de: 'der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei',
    fr: 'le la les et des en du une que est pour dans qui par sur pas au plus ce ne se avec il sont cette aux ou mais nous vous',
    es: 'el la los de que y en las por un con una para del se es su al como más o pero sus le ha este sí porque esta',
    it: 'il di che la e un per è non una in sono con del della si da come le dei nel alla più anche gli ma lo questo',
    pt: 'o de que e do da em um para é com não uma os no se na por mais as dos como mas ao ele das à seu sua ou',
    nl: 'de het een van en in is dat op te zijn voor met die niet aan er om ook als bij maar dan naar uit door wordt',
    pl: 'i w na z do się nie jest że to o jak po co za od dla przez ale są tym być może tak',
    sv: 'och att det som en på är av för med den till inte har de ett om var men vi kan eller från så',
    tr: 've bir bu için ile da de olarak daha çok gibi olan ise en kadar sonra ne var her mi',
    id: 'yang dan di ini untuk dengan dari pada tidak dalam itu akan adalah atau juga ke bisa oleh saat',
    vi: 'và của là các có được cho không trong với một những này để người khi đã từ như về',
  }).map(([lang, list]) => [lang, new Set(list.split(' ').filter((word) => word.length > 1))]),
)

const scripts: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, 'ja'],
  [/\p{Script=Han}/gu, 'zh'],
  [/\p{Script=Hangul}/gu, 'ko'],
  [/\p{Script=Cyrillic}/gu, 'ru'],
  [/\p{Script=Arabic}/gu, 'ar'],
  [/\p{Script=Greek}/gu, 'el'],
  [/\p{Script=Hebrew}/gu, 'he'],
  [/\p{Script=Thai}/gu, 'th'],
  [/\p{Script=Devanagari}/gu, 'hi'],
]
/** Languages that share a script with the one it is named by above: the page's own word decides among them. */
const sameScript: Readonly<Record<string, readonly string[]>> = {
  ru: ['uk', 'bg', 'sr', 'mk', 'be', 'kk', 'mn'],
  ar: ['fa', 'ur', 'ps'],
  hi: ['mr', 'ne'],
}

const sampleChars = 20_000
const wordsMin = 20
/** Share of stop words in running text is 0.3 to 0.5; of chance hits in another language, or in code, well under 0.1. */
const shareMin = 0.08
const shareSure = 0.25
/** The runner-up must stay behind: closely related languages share some of these words. */
const leadMin = 1.4

/**
 * A small identifier of language by script and stop words; the page's `lang` attribute settles what is close, and is not believed against the evidence.
 * Short and mixed texts, and languages it has no words of, are `und`.
 */
export function identifyLanguage(text: string, declared: string | undefined): Language {
  const sample = text.slice(0, sampleChars)
  const claimed = /^[a-z]{2}(?=$|[-_])/i.exec(declared?.trim() ?? '')?.[0].toLowerCase()
  return byScript(sample, claimed) ?? byStopWords(sample, claimed)
}

function byScript(sample: string, claimed: string | undefined): Language | undefined {
  const letters = sample.match(/\p{L}/gu)?.length ?? 0
  if (letters < 10) return undefined
  for (const [pattern, lang] of scripts) {
    const share = (sample.match(pattern)?.length ?? 0) / letters
    // Japanese mixes kana with Han; a tenth of kana is enough to tell it from Chinese.
    if (share > (lang === 'ja' ? 0.1 : 0.5))
      return { lang: claimed && sameScript[lang]?.includes(claimed) ? claimed : lang, score: round(Math.max(share, 0.5)) }
  }
  return undefined
}

function byStopWords(sample: string, claimed: string | undefined): Language {
  const tokens = sample.toLowerCase().match(/\p{L}+/gu) ?? []
  if (tokens.length < wordsMin) return unknown
  const shares = Object.entries(stopWords)
    .map(([lang, list]) => ({ lang, share: tokens.filter((token) => list.has(token)).length / tokens.length }))
    .toSorted((a, b) => b.share - a.share || (a.lang < b.lang ? -1 : 1))
  const [first, second] = shares
  if (!first || !second) return unknown
  const own = shares.find(({ lang }) => lang === claimed)
  if (own && own.share >= shareMin / 2 && own.share * leadMin >= first.share) return found(own)
  return first.share >= shareMin && first.share >= leadMin * second.share ? found(first) : unknown
}

const unknown: Language = { lang: 'und', score: 0 }
const found = ({ lang, share }: { lang: string; share: number }): Language => ({ lang, score: round(Math.min(1, share / shareSure)) })
const round = (score: number): number => Math.round(score * 1000) / 1000
