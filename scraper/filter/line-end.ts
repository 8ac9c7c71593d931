/**
 * Marks that end a sentence, by Unicode's Sentence_Terminal: of Latin, Arabic, Indian, Ethiopic, Khmer, Burmese, Chinese and other scripts; Tibetan’s, which it
 * leaves out; a quote may stand behind. Greek asks by a semicolon.
 */
const terminal = /[\p{Sentence_Terminal}།༎"'”’»」』]$|[\u0370-\u03ff\u1f00-\u1fff];$/u
/** Letters of Thai and Lao, which write no mark at the end of a sentence. */
const unmarkedLetter = /[\u0e01-\u0e4e\u0e81-\u0ece]/

export const endsInPunctuation = (line: string): boolean => terminal.test(line)

/** Whether a line is of a script whose sentences have no mark at their end. */
export const isUnmarked = (line: string): boolean => unmarkedLetter.test(line)
