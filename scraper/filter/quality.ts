import type { QualitySettings } from '#schemas/quality.ts'
import { c4BadWords } from './c4-bad-words.ts'
import { c4CurlyBrace } from './c4-curly-brace.ts'
import { c4KeptChars } from './c4-kept-chars.ts'
import { c4LoremIpsum } from './c4-lorem-ipsum.ts'
import { c4Sentences } from './c4-sentences.ts'
import { candidateOf } from './candidate.ts'
import { judge, type Filter, type Judgement } from './filter.ts'
import { fineWebDuplicateCharacters } from './fineweb-duplicate-characters.ts'
import { fineWebLinePunctuation } from './fineweb-line-punctuation.ts'
import { fineWebNewLines } from './fineweb-new-lines.ts'
import { fineWebShortLines } from './fineweb-short-lines.ts'
import { gopherAlphabeticWords } from './gopher-alphabetic-words.ts'
import { gopherBulletLines } from './gopher-bullet-lines.ts'
import { gopherDuplicateChars, gopherDuplicates } from './gopher-duplicates.ts'
import { gopherEllipsisLines } from './gopher-ellipsis-lines.ts'
import { gopherDuplicateNgrams, gopherTopNgram } from './gopher-ngrams.ts'
import { gopherStopWords } from './gopher-stop-words.ts'
import { gopherSymbols } from './gopher-symbols.ts'
import { gopherWordCount } from './gopher-word-count.ts'
import { gopherWordLength } from './gopher-word-length.ts'
import { replacePersonalData, type PersonalDataReport } from './personal-data/personal-data.ts'

/** What is asked of texts, with some settings. */
export interface Quality {
  /**
   * @param text normalized
   * @param lang ISO 639-1, or `und`
   * @returns with what is left of the text: C4's line rules cut where they are in force
   */
  judge(text: string, lang: string): Judgement & { text: string }
  /** Puts placeholders in place of personal data, unless that is switched off. For the text, and whatever else of the page is kept. */
  replacePersonalData(text: string): PersonalDataReport
}

/** The rules with these settings. Sets that are not in force measure, and refuse nothing. */
export function openQuality(settings: QualitySettings): Quality {
  const { c4 } = settings
  const filters = rulesOf(settings)
  return {
    judge(text, lang) {
      const whole = candidateOf(text, lang, c4)
      const cut = whole.c4
      const candidate = c4.enabled && cut.text !== text ? candidateOf(cut.text, lang, c4) : whole
      const keptChars = c4KeptChars(cut.text.length / Math.max(1, text.length))
      return { text: candidate.text, ...judge(candidate, [...filters, keptChars]) }
    },
    replacePersonalData: settings.replace_personal_data ? replacePersonalData : (text) => ({ text, counts: {} }),
  }
}

/** In the order in which they decide. */
function rulesOf({ gopher_quality: gopher, gopher_repetition: repetition, c4, fineweb }: QualitySettings): Filter[] {
  const sets = [
    { enabled: gopher.enabled, rules: gopherQuality(gopher) },
    { enabled: repetition.enabled, rules: gopherRepetition(repetition) },
    {
      enabled: c4.enabled,
      rules: [c4LoremIpsum(c4.refuse_lorem_ipsum), c4CurlyBrace(c4.refuse_curly_brace), c4BadWords(c4.bad_words), c4Sentences(c4.sentences_min)],
    },
    { enabled: fineweb.enabled, rules: fineWeb(fineweb) },
  ]
  return sets.flatMap(({ enabled, rules }) => (enabled ? rules : rules.map((rule): Filter => ({ ...rule, judge: () => true }))))
}

const gopherQuality = (of: QualitySettings['gopher_quality']): Filter[] => [
  gopherWordCount(of.words_min, of.words_max),
  gopherWordLength(of.word_chars_min, of.word_chars_max),
  gopherSymbols(of.symbols_per_word_max),
  gopherBulletLines(of.bullet_lines_max),
  gopherEllipsisLines(of.ellipsis_lines_max),
  gopherAlphabeticWords(of.alphabetic_words_min),
  gopherStopWords(of.stop_words_min),
]

const gopherRepetition = (of: QualitySettings['gopher_repetition']): Filter[] => [
  gopherDuplicates('line', of.duplicate_lines_max),
  gopherDuplicates('paragraph', of.duplicate_paragraphs_max),
  gopherDuplicateChars('line', of.duplicate_line_chars_max),
  gopherDuplicateChars('paragraph', of.duplicate_paragraph_chars_max),
  gopherTopNgram(2, of.top_2_gram_chars_max),
  gopherTopNgram(3, of.top_3_gram_chars_max),
  gopherTopNgram(4, of.top_4_gram_chars_max),
  gopherDuplicateNgrams(5, of.duplicate_5_gram_chars_max),
  gopherDuplicateNgrams(6, of.duplicate_6_gram_chars_max),
  gopherDuplicateNgrams(7, of.duplicate_7_gram_chars_max),
  gopherDuplicateNgrams(8, of.duplicate_8_gram_chars_max),
  gopherDuplicateNgrams(9, of.duplicate_9_gram_chars_max),
  gopherDuplicateNgrams(10, of.duplicate_10_gram_chars_max),
]

const fineWeb = (of: QualitySettings['fineweb']): Filter[] => [
  fineWebLinePunctuation(of.punctuated_lines_min),
  fineWebShortLines(of.short_lines_max, of.short_line_chars),
  fineWebDuplicateCharacters(of.duplicate_line_chars_max),
  fineWebNewLines(of.new_lines_per_word_max),
]
