import { z } from 'zod'

const fraction = z.number().min(0).max(1)
const ratio = z.number().min(0).max(1000)
const count = z.int().min(0).max(1_000_000_000)
/** A threshold, or `false` where the rule is not to decide. What it measures is stored either way. */
const limit = (value: z.ZodNumber = fraction) => z.union([value, z.literal(false)])

/** Gopher's quality rules (arXiv 2112.11446, table A1). */
const GopherQuality = z.strictObject({
  enabled: z.boolean(),
  words_min: limit(count),
  words_max: limit(count),
  word_chars_min: limit(count),
  word_chars_max: limit(count),
  symbols_per_word_max: limit(ratio),
  bullet_lines_max: limit(),
  ellipsis_lines_max: limit(),
  alphabetic_words_min: limit(),
  stop_words_min: limit(count),
})

/** Gopher's repetition rules (the same table). */
const GopherRepetition = z.strictObject({
  enabled: z.boolean(),
  duplicate_lines_max: limit(),
  duplicate_paragraphs_max: limit(),
  duplicate_line_chars_max: limit(),
  duplicate_paragraph_chars_max: limit(),
  top_2_gram_chars_max: limit(),
  top_3_gram_chars_max: limit(),
  top_4_gram_chars_max: limit(),
  duplicate_5_gram_chars_max: limit(),
  duplicate_6_gram_chars_max: limit(),
  duplicate_7_gram_chars_max: limit(),
  duplicate_8_gram_chars_max: limit(),
  duplicate_9_gram_chars_max: limit(),
  duplicate_10_gram_chars_max: limit(),
})

/** C4's rules (arXiv 1910.10683 §2.2). Those of lines cut lines instead of refusing the page. */
const C4 = z.strictObject({
  enabled: z.boolean(),
  lines_end_in_punctuation: z.boolean(),
  line_words_min: limit(count),
  line_word_chars_max: limit(count),
  cut_javascript_lines: z.boolean(),
  cut_policy_lines: z.boolean(),
  cut_citations: z.boolean(),
  sentences_min: limit(count),
  refuse_lorem_ipsum: z.boolean(),
  refuse_curly_brace: z.boolean(),
  /** A page that holds one of these words or phrases is refused. */
  bad_words: z.array(z.string().min(1).max(100)).max(10_000),
})

/** FineWeb's rules (arXiv 2406.17557 §3.6). */
const FineWeb = z.strictObject({
  enabled: z.boolean(),
  punctuated_lines_min: limit(),
  short_lines_max: limit(),
  short_line_chars: count,
  duplicate_line_chars_max: limit(),
  new_lines_per_word_max: limit(ratio),
})

/** What a job asks of its texts, as far as it differs from `publishedQuality`. */
export const QualityChoice = z.strictObject({
  gopher_quality: GopherQuality.partial()
    .optional()
    .describe('Words, symbols, bullets. In force unless switched off. A threshold of false: the rule does not decide.'),
  gopher_repetition: GopherRepetition.partial().optional().describe('Repeated lines, paragraphs and n-grams. In force unless switched off.'),
  c4: C4.partial().optional().describe('Cuts lines that are no sentences, and refuses code, placeholder text and listed words. Off unless switched on.'),
  fineweb: FineWeb.partial().optional().describe('Line ends, short lines, repeated lines. Off unless switched on.'),
  replace_personal_data: z
    .boolean()
    .optional()
    .describe('Put placeholders in place of e-mail and IP addresses, phone, bank account and card numbers. On unless switched off.'),
})
export type QualityChoice = z.infer<typeof QualityChoice>

export interface QualitySettings {
  gopher_quality: z.infer<typeof GopherQuality>
  gopher_repetition: z.infer<typeof GopherRepetition>
  c4: z.infer<typeof C4>
  fineweb: z.infer<typeof FineWeb>
  replace_personal_data: boolean
}

/**
 * The thresholds as published: Gopher's by table A1, C4's by its code (the paper's editions differ), FineWeb's by its code. Which sets decide is our choice:
 * C4 and FineWeb were made for prose, and would refuse code for its braces and lists for their short lines.
 */
const publishedQuality: QualitySettings = {
  gopher_quality: {
    enabled: true,
    words_min: 50,
    words_max: 100_000,
    word_chars_min: 3,
    word_chars_max: 10,
    symbols_per_word_max: 0.1,
    bullet_lines_max: 0.9,
    ellipsis_lines_max: 0.3,
    alphabetic_words_min: 0.8,
    stop_words_min: 2,
  },
  gopher_repetition: {
    enabled: true,
    duplicate_lines_max: 0.3,
    duplicate_paragraphs_max: 0.3,
    duplicate_line_chars_max: 0.2,
    duplicate_paragraph_chars_max: 0.2,
    top_2_gram_chars_max: 0.2,
    top_3_gram_chars_max: 0.18,
    top_4_gram_chars_max: 0.16,
    duplicate_5_gram_chars_max: 0.15,
    duplicate_6_gram_chars_max: 0.14,
    duplicate_7_gram_chars_max: 0.13,
    duplicate_8_gram_chars_max: 0.12,
    duplicate_9_gram_chars_max: 0.11,
    duplicate_10_gram_chars_max: 0.1,
  },
  c4: {
    enabled: false,
    lines_end_in_punctuation: true,
    line_words_min: 3,
    line_word_chars_max: 1000,
    cut_javascript_lines: true,
    cut_policy_lines: true,
    cut_citations: true,
    sentences_min: 5,
    refuse_lorem_ipsum: true,
    refuse_curly_brace: true,
    bad_words: [],
  },
  fineweb: {
    enabled: false,
    punctuated_lines_min: 0.12,
    short_lines_max: 0.67,
    short_line_chars: 30,
    duplicate_line_chars_max: 0.01,
    new_lines_per_word_max: 0.3,
  },
  replace_personal_data: true,
}

/** The settings of a choice: what it leaves out is as published. */
export const qualitySettings = (choice: QualityChoice = {}): QualitySettings => ({
  gopher_quality: over(publishedQuality.gopher_quality, choice.gopher_quality),
  gopher_repetition: over(publishedQuality.gopher_repetition, choice.gopher_repetition),
  c4: over(publishedQuality.c4, choice.c4),
  fineweb: over(publishedQuality.fineweb, choice.fineweb),
  replace_personal_data: choice.replace_personal_data ?? publishedQuality.replace_personal_data,
})

function over<T extends object>(published: T, choice: { [K in keyof T]?: T[K] | undefined } = {}): T {
  const chosen = Object.entries(choice).filter(([, value]) => value !== undefined)
  return { ...published, ...Object.fromEntries(chosen) }
}
