import type { Candidate } from './candidate.ts'
import type { Filter, Limit } from './filter.ts'
import { isWord } from './gopher-word-count.ts'

/**
 * Letters of no alphabet, by blocks: those of India, Tibet and the south-east of Asia, Ethiopic, Hangul, kana, Han, Yi and others. One of them is a syllable or a
 * word, or what belongs to it is written as marks that count for letters.
 */
const notOfAlphabet =
  /[\u0900-\u109f\u1100-\u167f\u1700-\u18af\u1900-\u1cff\u2d80-\u2ddf\u3040-\ua4cf\ua500-\ua63f\ua800-\uabff\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\ud804-\ud807]/
/** FineWeb-2 (arXiv 2506.20920) allows words of 11 letters in Russian and Greek to 16 in Greenlandic, where Gopher has 10 for English. */
const otherLanguages = 1.6

/**
 * Gopher (arXiv 2112.11446, table A1): a mean word length of 3 to 10 characters, which was found in English. Other languages of alphabets have words up to 1.6
 * times as long; where most words are of no alphabet it is not asked, whatever the language. `gopher_word_length`
 */
export const gopherWordLength = (min: Limit, max: Limit): Filter => ({
  name: 'mean_word_length',
  bounds: { min, max },
  measure({ prose: { words } }) {
    let [count, chars] = [0, 0]
    for (const word of words) {
      if (!isWord(word)) continue
      count++
      chars += word.length
    }
    return count === 0 ? 0 : chars / count
  },
  judge(length, candidate) {
    const longest = max === false || candidate.lang === 'en' || candidate.lang === 'und' ? max : max * otherLanguages
    const isWithin = (min === false || length >= min) && (longest === false || length <= longest)
    return isWithin || isOfNoAlphabet(candidate) || 'gopher_word_length'
  },
})

/** Of words with letters the most, not counting the code between. */
function isOfNoAlphabet({ prose: { text, words } }: Candidate): boolean {
  if (!notOfAlphabet.test(text)) return false
  let [count, others] = [0, 0]
  for (const word of words) {
    if (!isWord(word)) continue
    count++
    if (notOfAlphabet.test(word)) others++
  }
  return others * 2 > count
}
