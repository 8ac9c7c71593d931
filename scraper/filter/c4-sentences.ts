import { atLeast, type Filter, type Limit } from './filter.ts'

/** The end of a sentence: a mark with white space or the end behind it, or one of a script that writes none there; in Thai and Lao the space itself. */
const sentenceEnd =
  /\p{Sentence_Terminal}(?=["'”’»)\]]*(?:\s|$))|[;།](?=\s|$)(?<=[\u0370-\u03ff\u1f00-\u1fff];|།)|[。！？．｡។။]|(?<=[\u0e01-\u0e4e\u0e81-\u0ece]) +(?=[\u0e01-\u0e4e\u0e81-\u0ece])/gu

/**
 * C4 (arXiv 1910.10683 §2.2, with the number of its code): at least 5 sentences in the lines that stay. Sentences are told by their marks, so that an
 * abbreviation counts as one, too. `c4_too_few_sentences`
 */
export const c4Sentences = (min: Limit): Filter => ({
  name: 'c4_sentences',
  bounds: { min },
  measure: ({ c4 }) => c4.lines.reduce((count, line) => count + Math.max(1, line.match(sentenceEnd)?.length ?? 0), 0),
  judge: atLeast(min, 'c4_too_few_sentences'),
})
