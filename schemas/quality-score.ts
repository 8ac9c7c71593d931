import type { Document } from './document.ts'
import { qualitySettings } from './quality.ts'

type Bound = { min?: number | false; max?: number | false }

const { gopher_quality: gopher, gopher_repetition: repetition, c4, fineweb } = qualitySettings()

/** What each published rule keeps, by its name in `quality` (scraper/filter). */
const bounds = new Map<string, Bound>([
  ['word_count', { min: gopher.words_min, max: gopher.words_max }],
  ['mean_word_length', { min: gopher.word_chars_min, max: gopher.word_chars_max }],
  ['symbols_per_word', { max: gopher.symbols_per_word_max }],
  ['bullet_lines', { max: gopher.bullet_lines_max }],
  ['ellipsis_lines', { max: gopher.ellipsis_lines_max }],
  ['alphabetic_words', { min: gopher.alphabetic_words_min }],
  ['stop_words', { min: gopher.stop_words_min }],
  ['duplicate_lines', { max: repetition.duplicate_lines_max }],
  ['duplicate_paragraphs', { max: repetition.duplicate_paragraphs_max }],
  ['duplicate_line_chars', { max: repetition.duplicate_line_chars_max }],
  ['duplicate_paragraph_chars', { max: repetition.duplicate_paragraph_chars_max }],
  ['top_2_gram', { max: repetition.top_2_gram_chars_max }],
  ['top_3_gram', { max: repetition.top_3_gram_chars_max }],
  ['top_4_gram', { max: repetition.top_4_gram_chars_max }],
  ['duplicate_5_grams', { max: repetition.duplicate_5_gram_chars_max }],
  ['duplicate_6_grams', { max: repetition.duplicate_6_gram_chars_max }],
  ['duplicate_7_grams', { max: repetition.duplicate_7_gram_chars_max }],
  ['duplicate_8_grams', { max: repetition.duplicate_8_gram_chars_max }],
  ['duplicate_9_grams', { max: repetition.duplicate_9_gram_chars_max }],
  ['duplicate_10_grams', { max: repetition.duplicate_10_gram_chars_max }],
  ['c4_curly_braces', { max: 0 }],
  ['c4_lorem_ipsum', { max: 0 }],
  ['c4_sentences', { min: c4.sentences_min }],
  ['punctuated_lines', { min: fineweb.punctuated_lines_min }],
  ['short_lines', { max: fineweb.short_lines_max }],
  ['line_duplicate_chars', { max: fineweb.duplicate_line_chars_max }],
  ['new_lines_per_word', { max: fineweb.new_lines_per_word_max }],
])

/**
 * One figure of a document's quality: of the rules of Gopher, C4 and FineWeb that were measured, the share that it keeps with their published thresholds
 * (quality.ts), in force at its miner or not; 0..1, and 0 where none was measured.
 */
export function qualityScore(quality: Document['quality']): number {
  let [kept, measured] = [0, 0]
  for (const [name, { min = false, max = false }] of bounds) {
    const score = Object.hasOwn(quality, name) ? quality[name] : undefined
    if (score === undefined) continue
    measured++
    if ((min === false || score >= min) && (max === false || score <= max)) kept++
  }
  return measured === 0 ? 0 : kept / measured
}
