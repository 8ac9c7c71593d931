import { openLanguageModel, type Guess, type GuessLanguages } from './language-model.ts'
import { languageWindows } from './language-windows.ts'

export interface Language {
  /** ISO 639-1 where there is a code, else ISO 639-3; `und` when the text is too short or mixed. */
  lang: string
  /** How sure, 0..1: the mean probability over the text. */
  score: number
  /** Share of the text by language, 0..1, the largest first. What no language was found in is missing from the sum. */
  shares: Record<string, number>
}

/** @param hint the page's `lang` attribute */
export type IdentifyLanguage = (text: string, hint: string | undefined) => Language

/** Letters without which nothing is said: a line. One of a script that writes syllables or words counts three. */
const lettersMin = 40
/** A window whose best guess is less probable belongs to no language. */
const probabilityMin = 0.4
/** A text is of one language when so much of what was found in it is, and so much of the whole; else it is mixed, or none. */
const shareMin = 0.65
const wholeMin = 0.4
/** Smaller parts of a text are names and quotes, and errors. */
const shareTold = 0.05
/** The page's own word decides between guesses that are at most that many times apart. */
const closeMax = 5

/**
 * Makes ready to tell languages apart: each window of the text (language-windows.ts) is guessed by itself, and counts by its letters. At most 1920 characters
 * are looked at, so that a text of 1 MB costs what one of 2 KB does.
 */
export async function openLanguages(): Promise<IdentifyLanguage> {
  const guess = await openLanguageModel()
  return (text, hint) => identify(guess, text, languageOf(hint))
}

function identify(guess: GuessLanguages, text: string, hint: string | undefined): Language {
  const found = new Map<string, { letters: number; sure: number }>()
  let all = 0
  for (const { line, letters } of languageWindows(text)) {
    all += letters
    const best = choose(guess(line, 3), hint)
    if (!best || best.probability < probabilityMin) continue
    const sum = found.get(best.lang) ?? { letters: 0, sure: 0 }
    found.set(best.lang, { letters: sum.letters + letters, sure: sum.sure + letters * best.probability })
  }
  if (all < lettersMin) return { lang: 'und', score: 0, shares: {} }
  const known = [...found.values()].reduce((sum, { letters }) => sum + letters, 0)
  const sums = [...found].toSorted(([a, x], [b, y]) => y.letters - x.letters || (a < b ? -1 : 1))
  const shares = Object.fromEntries(sums.map(([lang, { letters }]) => [lang, round(letters / all)] as const).filter(([, share]) => share >= shareTold))
  const [lang, { letters, sure }] = sums[0] ?? ['und', { letters: 0, sure: 0 }]
  return letters >= shareMin * known && letters >= wholeMin * all ? { lang, score: round(sure / letters), shares } : { lang: 'und', score: 0, shares }
}

/** Of close relatives (Croatian and Serbian, Danish and Norwegian, Indonesian and Malay) the one that the page names. */
function choose(guesses: readonly Guess[], hint: string | undefined): Guess | undefined {
  const [best] = guesses
  const named = guesses.find(({ lang }) => lang === hint)
  return best && named && named.probability * closeMax >= best.probability ? { lang: named.lang, probability: best.probability } : best
}

/** The language of a BCP 47 tag. */
const languageOf = (tag: string | undefined): string | undefined => /^[a-z]{2,3}(?=$|[-_])/.exec(tag?.trim().toLowerCase() ?? '')?.[0]

const round = (value: number): number => Math.round(value * 1000) / 1000
