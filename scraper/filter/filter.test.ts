import { describe, expect, test } from 'vitest'
import { judge } from './filter.ts'
import { qualityFilters } from './filters.ts'

const verdict = (text: string, lang = 'en') => judge({ text, lang, words: text.split(/\s+/) }, qualityFilters)
const sentence = 'The quick brown fox runs to the edge of a small garden and looks around with great care. '

describe('quality rules', () => {
  test('keep plain prose, and store what they measured', () => {
    const { refusal, quality } = verdict(sentence.repeat(5).trim())
    expect(refusal).toBeUndefined()
    expect(quality).toEqual({ word_count: 90, mean_word_length: 3.944, symbols_per_word: 0, stop_words: 5 })
  })
  test.each([
    ['gopher_too_short', sentence],
    ['gopher_too_long', sentence.repeat(6000)],
    ['gopher_word_length', 'the and a b c d e f g of '.repeat(20)],
    ['gopher_symbols', `${sentence.repeat(4)} ${'# '.repeat(20)}`],
    ['gopher_no_stop_words', 'alpha bravo charlie delta echo foxtrot golf hotel '.repeat(10)],
  ])('%s', (reason, text) => expect(verdict(text).refusal).toBe(reason))
  test('what was made for English is not asked of others', () => {
    expect(verdict('alpha bravo charlie delta echo foxtrot golf hotel '.repeat(10).trim(), 'fi').refusal).toBeUndefined()
    expect(verdict('花 园 '.repeat(60).trim(), 'zh').refusal).toBeUndefined()
  })
})
