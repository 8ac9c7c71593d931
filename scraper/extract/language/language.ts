import { compareText } from '#schemas/compare-text.ts'
import { declaredLanguage, familyName } from './declared-language.ts'
import { openLanguageModel, type Guess, type GuessLanguages } from './language-model.ts'
import { languageWindows } from './language-windows.ts'

export interface Language {
  /** ISO 639-1 where there is a code, else ISO 639-3; `und` when the text is too short or mixed. */
  lang: string
  /** How sure, 0..1: the mean probability over the text. Of a family of languages (declared-language.ts) that of all together. */
  score: number
  /** Share of the text by language, 0..1, the largest first. What no language was found in is missing from the sum. */
  shares: Record<string, number>
  /** What the page's own word did: it agrees with the text, chose between close relatives, or speaks against the text. `none`: it says nothing. */
  hint: 'none' | 'agrees' | 'chose' | 'refuted'
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
/** The page's own word decides where it is at most that many times less probable than the best, over all of the text; within a family more. */
const closeMax = 5
const familyCloseMax = 100
/** Of the windows of such a text, those in which it is that close. */
const windowCloseMax = 25
/** Guesses of a window: the last of a family may come behind many. */
const guessesMax = 8

/**
 * Makes ready to tell languages apart: each window of the text (language-windows.ts) is guessed by itself, and counts by its letters. At most 1920 characters
 * are looked at, so that a text of 1 MB costs what one of 2 KB does.
 */
export async function openLanguages(): Promise<IdentifyLanguage> {
  const guess = await openLanguageModel()
  return (text, hint) => identify(guess, text, declaredLanguage(hint))
}

/** What was found of a family, or of a language that has none. */
interface Found {
  letters: number
  /** Letters, by the probability of the guess. */
  sure: number
  /** The same for each of its members. */
  members: Map<string, number>
  /** Whether the page's word made it what it is. */
  isChosen: boolean
}

function identify(guess: GuessLanguages, text: string, hint: string | undefined): Language {
  const windows = languageWindows(text).map(({ line, letters }) => ({ letters, guesses: guess(line, guessesMax) }))
  const all = windows.reduce((sum, { letters }) => sum + letters, 0)
  if (all < lettersMin) return { lang: 'und', score: 0, shares: {}, hint: hint === undefined ? 'none' : 'refuted' }
  const named = hint !== undefined && isClose(windows, familyName(hint)) ? familyName(hint) : undefined
  const found = new Map<string, Found>()
  for (const window of windows) addWindow(found, window, named)
  const known = [...found.values()].reduce((sum, { letters }) => sum + letters, 0)
  const sums = [...found.values()].map((of) => ({ ...of, ...memberOf(of, hint) })).toSorted((a, b) => b.letters - a.letters || compareText(a.lang, b.lang))
  const shares = Object.fromEntries(sums.map(({ lang, letters }) => [lang, round(letters / all)] as const).filter(([, share]) => share >= shareTold))
  const [best] = sums
  const isOne = best !== undefined && best.letters >= shareMin * known && best.letters >= wholeMin * all
  const lang = isOne ? best.lang : 'und'
  const score = isOne ? round(best.sure / best.letters) : 0
  return { lang, score, shares, hint: hint === undefined ? 'none' : lang !== hint ? 'refuted' : best?.isChosen ? 'chose' : 'agrees' }
}

interface GuessedWindow {
  letters: number
  guesses: readonly Guess[]
}

/** Whether a family is nearly as probable as any, over all windows. */
function isClose(windows: readonly GuessedWindow[], name: string): boolean {
  const sums = new Map<string, number>()
  for (const { letters, guesses } of windows)
    for (const [family, probability] of byFamily(guesses)) sums.set(family, (sums.get(family) ?? 0) + letters * probability)
  const most = [...sums.values()].reduce((best, sum) => Math.max(best, sum), 0)
  return (sums.get(name) ?? 0) * closeMax >= most
}

function byFamily(guesses: readonly Guess[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { lang, probability } of guesses) sums.set(familyName(lang), (sums.get(familyName(lang)) ?? 0) + probability)
  return sums
}

/** Counts a window for the most probable family, or for the one that the page names where that is close. */
function addWindow(found: Map<string, Found>, { letters, guesses }: GuessedWindow, named: string | undefined): void {
  const sums = byFamily(guesses)
  const [best] = [...sums].toSorted(([, a], [, b]) => b - a)
  if (!best) return
  const [name, most] = best
  const also = named === undefined ? 0 : (sums.get(named) ?? 0)
  const chosen = named !== undefined && also * windowCloseMax >= most ? named : name
  // What stands between two that are close is one of them.
  const probability = Math.min(1, chosen === name ? most : most + also)
  if (probability < probabilityMin) return
  const of = found.get(chosen) ?? { letters: 0, sure: 0, members: new Map<string, number>(), isChosen: false }
  of.letters += letters
  of.sure += letters * probability
  of.isChosen ||= chosen !== name
  for (const { lang, probability: each } of guesses) if (familyName(lang) === chosen) of.members.set(lang, (of.members.get(lang) ?? 0) + letters * each)
  found.set(chosen, of)
}

/** Of a family the one that the page names, unless next to nothing speaks for it, else the most probable. */
function memberOf({ members, isChosen }: Found, hint: string | undefined): { lang: string; isChosen: boolean } {
  const [lang, most] = [...members].toSorted(([a, x], [b, y]) => y - x || compareText(a, b))[0] as [string, number]
  const named = hint === undefined ? 0 : (members.get(hint) ?? 0)
  return hint !== undefined && hint !== lang && named * familyCloseMax >= most ? { lang: hint, isChosen: true } : { lang, isChosen }
}

const round = (value: number): number => Math.round(value * 1000) / 1000
