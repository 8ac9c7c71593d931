import { foldText, wordsOf } from './words.ts'

/**
 * BM25 (Robertson and Zaragoza, 2009, §3): k1 = 1.2, b = 0.75. The mean length is a constant, so that what a word weighs in a document never changes; a word of the title
 * counts as three of the text (their BM25F with one length).
 */
const [k1, b, meanWords, titleWeight] = [1.2, 0.75, 512, 3]
/** A word is counted in so many words of a document, from its beginning: a text of 8 MiB has more than any reader. */
const documentWordsMax = 1_000_000

/** What each word of a document weighs in it: tf ÷ (tf + k1 (1 − b + b length ÷ mean)), 1..255 for up to 1. */
export function weighWords(title: string, text: string): Map<string, number> {
  const counts = new Map<string, number>()
  let length = 0
  for (const [part, by] of [
    [title, titleWeight],
    [text, 1],
  ] as const) {
    for (const word of wordsOf(foldText(part))) {
      counts.set(word, (counts.get(word) ?? 0) + by)
      if (++length >= documentWordsMax) break
    }
  }
  const saturation = k1 * (1 - b + (b * length) / meanWords)
  for (const [word, count] of counts) counts.set(word, Math.max(1, Math.round((255 * count) / (count + saturation))))
  return counts
}

/** What a word that stands in so many of all documents is worth (BM25's idf, as Lucene has it: never below 0), by a unit of its weight. */
export const wordWorth = (documents: number, all: number): number => (Math.log(1 + Math.max(0, all - documents + 0.5) / (documents + 0.5)) * (k1 + 1)) / 255
