import { z } from 'zod'

const fraction = z.number().min(0).max(1)
const count = z.int().min(0).max(1_000_000_000)
/** A threshold, or `false` where the rule is not to decide. What it measures is stored either way. */
const limit = (value: number, schema: z.ZodNumber = fraction) => z.union([schema, z.literal(false)]).default(value)

/** Gopher's quality rules (arXiv 2112.11446, table A1) and their thresholds. */
const GopherQuality = z.strictObject({
  enabled: z.boolean().default(true),
  words_min: limit(50, count),
  words_max: limit(100_000, count),
  word_chars_min: limit(3, count),
  word_chars_max: limit(10, count),
  symbols_per_word_max: limit(0.1, z.number().min(0)),
  bullet_lines_max: limit(0.9),
  ellipsis_lines_max: limit(0.3),
  alphabetic_words_min: limit(0.8),
  stop_words_min: limit(2, count),
})

/** Gopher's repetition rules (the same table). The fractions of characters that n-grams hold are listed by n: 2 to 4, and 5 to 10. */
const GopherRepetition = z.strictObject({
  enabled: z.boolean().default(true),
  duplicate_lines_max: limit(0.3),
  duplicate_paragraphs_max: limit(0.3),
  duplicate_line_chars_max: limit(0.2),
  duplicate_paragraph_chars_max: limit(0.2),
  top_2_gram_chars_max: limit(0.2),
  top_3_gram_chars_max: limit(0.18),
  top_4_gram_chars_max: limit(0.16),
  duplicate_5_gram_chars_max: limit(0.15),
  duplicate_6_gram_chars_max: limit(0.14),
  duplicate_7_gram_chars_max: limit(0.13),
  duplicate_8_gram_chars_max: limit(0.12),
  duplicate_9_gram_chars_max: limit(0.11),
  duplicate_10_gram_chars_max: limit(0.1),
})

/**
 * C4's rules (arXiv 1910.10683 §2.2; the numbers are those of its code). Those of lines cut lines instead of refusing the page. Made for prose: code has
 * curly braces and lists no full stops, so they are off unless asked for.
 */
const C4 = z.strictObject({
  enabled: z.boolean().default(false),
  lines_end_in_punctuation: z.boolean().default(true),
  line_words_min: limit(3, count),
  line_word_chars_max: limit(1000, count),
  cut_javascript_lines: z.boolean().default(true),
  cut_policy_lines: z.boolean().default(true),
  cut_citations: z.boolean().default(true),
  sentences_min: limit(5, count),
  refuse_lorem_ipsum: z.boolean().default(true),
  refuse_curly_brace: z.boolean().default(true),
  bad_words: z
    .array(z.string().min(1).max(100))
    .max(10_000)
    .default([])
    .describe('A page that holds one of these words or phrases is refused, whatever their case. Not in the list of C4 itself, which is not ours to give.'),
})

/** FineWeb's rules (arXiv 2406.17557 §3.6). Made for prose: pages of short lines and lists fail them, so they are off unless asked for. */
const FineWeb = z.strictObject({
  enabled: z.boolean().default(false),
  punctuated_lines_min: limit(0.12),
  short_lines_max: limit(0.67),
  short_line_chars: count.default(30),
  duplicate_line_chars_max: limit(0.01),
  new_lines_per_word_max: limit(0.3, z.number().min(0)),
})

/** What is asked of a text: which sets of rules decide, and their thresholds; the published ones are the defaults. */
export const QualitySettings = z.strictObject({
  gopher_quality: GopherQuality.prefault({}),
  gopher_repetition: GopherRepetition.prefault({}),
  c4: C4.prefault({}),
  fineweb: FineWeb.prefault({}),
  replace_personal_data: z.boolean().default(true).describe('Put placeholders in place of e-mail and IP addresses, phone, bank account and card numbers.'),
})
export type QualitySettings = z.infer<typeof QualitySettings>

/** As a person writes them: what is left out has its default. */
export type QualityChoice = z.input<typeof QualitySettings>
