import { expect, test } from 'vitest'
import { qualityScore } from './quality-score.ts'

test('quality is the share of the published rules that a document keeps, of those that were measured', () => {
  expect(qualityScore({ word_count: 120, stop_words: 3, short_lines: 0.1, c4_sentences: 9 })).toBe(1)
  expect(qualityScore({ word_count: 12, stop_words: 3, short_lines: 0.1, c4_sentences: 2 })).toBe(0.5)
  expect(qualityScore({ word_count: 100_001 })).toBe(0)
})

test('what no rule measured says nothing', () => {
  expect(qualityScore({})).toBe(0)
  expect(qualityScore({ mojibake_left: 1, word_count: 50 })).toBe(1)
  expect(qualityScore(JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, number>)).toBe(0)
})
