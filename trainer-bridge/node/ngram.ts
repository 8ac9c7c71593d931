import { OrreryError } from '#schemas/errors.ts'
import { openPairs } from './pairs.ts'

/** A language model that scores a row and learns it, apart: the loss is taken before the update. */
export interface LanguageModel {
  readonly vocabulary: number
  /** Tokens learnt so far. */
  readonly learnt: number
  /** p(token | previous), previous undefined at the start of a row. Over the vocabulary the probabilities sum to 1. */
  probability(previous: number | undefined, token: number): number
  /** Σ −ln p(token | the token before it in the row), nats. Changes nothing. @throws OrreryError `invalid_record` for a token outside the vocabulary */
  score(row: Uint32Array): number
  /** Counts the row. */
  learn(row: Uint32Array): void
}

/** Taken off each count and given to what was not seen (Ney, Essen and Kneser 1994). */
const discount = 0.75
/** 4 bytes × 3 arrays for each token of the vocabulary: 48 MiB at the most. */
const vocabularyMax = 2 ** 22

/**
 * An interpolated bigram with absolute discounting, backing off to the unigram and from there to the uniform distribution:
 *
 * p(w | h) = (max(c(h,w) − d, 0) + d · types(h) · p(w)) / c(h), p(w) = (max(c(w) − d, 0) + d · types / V) / N, d = 0.75.
 *
 * Memory is bounded: three u32 for each word of the vocabulary, and the pair table of pairs.ts (at most 72 MiB). A pair that finds the table full is not
 * counted, neither in c(h,w) nor in c(h), so that the probabilities still sum to 1. No randomness: the same rows in the same order, the same losses.
 */
export function bigramModel(vocabulary: number): LanguageModel {
  if (!Number.isInteger(vocabulary) || vocabulary < 1 || vocabulary > vocabularyMax)
    throw new OrreryError('invalid_argument', `A vocabulary of ${vocabulary} is none this model takes; use a tokenizer of 1..${vocabularyMax} tokens.`, {
      vocabulary,
    })
  const counts = new Uint32Array(vocabulary)
  const following = new Uint32Array(vocabulary)
  const followingTypes = new Uint32Array(vocabulary)
  const pairs = openPairs()
  let learnt = 0
  let types = 0

  function unigram(token: number): number {
    if (learnt === 0) return 1 / vocabulary
    return (Math.max(counts[token]! - discount, 0) + (discount * types) / vocabulary) / learnt
  }

  function bigram(previous: number, token: number): number {
    const seen = following[previous]!
    if (seen === 0) return unigram(token)
    return (Math.max(pairs.count(previous, token) - discount, 0) + discount * followingTypes[previous]! * unigram(token)) / seen
  }

  return {
    vocabulary,
    get learnt() {
      return learnt
    },
    probability: (previous, token) => (previous === undefined ? unigram(token) : bigram(previous, token)),

    score(row) {
      let sum = 0
      for (let i = 0; i < row.length; i++) {
        const token = row[i]!
        if (token >= vocabulary)
          throw new OrreryError('invalid_record', `Token ${token} is outside the vocabulary of ${vocabulary}; give the batch back.`, { token })
        sum -= Math.log(i === 0 ? unigram(token) : bigram(row[i - 1]!, token))
      }
      return sum
    },

    learn(row) {
      for (let i = 0; i < row.length; i++) {
        const token = row[i]!
        if (counts[token]!++ === 0) types++
        learnt++
        if (i === 0) continue
        const previous = row[i - 1]!
        const now = pairs.add(previous, token)
        if (now === 0) continue
        following[previous]!++
        if (now === 1) followingTypes[previous]!++
      }
    },
  }
}
