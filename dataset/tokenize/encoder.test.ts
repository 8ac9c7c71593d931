import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base'
import * as o200k from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, test } from 'vitest'
import { createEncoder } from './encoder.ts'
import { prose } from '#test/golden/documents.ts'
import { loadVocabulary, type VocabularyName } from './vocabulary.ts'

const oracles = { o200k_base: o200k, cl100k_base: cl100k }
const noTurn = async (): Promise<void> => undefined
const asText = { disallowedSpecial: new Set<string>() }
/** Pieces the patterns treat differently, so that random texts reach their corners. Without U+FEFF, whose tokens the library misses. */
const piece = fc.constantFrom(
  ...['the', ' Quick', 'BROWN', "'s", "'LL", ' ', '  ', '\n', '\r\n\r\n', '\t', '1234567', ' 42', '...', '-----', '()[]{}', '//', 'naïve', 'Straße'].concat([
    '中文',
    'かな',
    '한국어',
    'ไทย',
    'العربية',
    'हिन्दी',
    '😀',
    '👩‍👩‍👧',
    'e\u0301',
    '\u00a0',
    '\ud800',
    '<|endoftext|>',
    '<|im_start|>',
    'ABCdef',
    'iPhone',
  ]),
)

describe.each(['o200k_base', 'cl100k_base'] as const)('%s', (name: VocabularyName) => {
  test('the tokens are those of the library', async () => {
    const encode = createEncoder(await loadVocabulary(name), noTurn)
    const texts = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll('\ufeff', '')),
      fc.array(fc.constantFrom('a', 'b', 'ab', 'e'), { maxLength: 200 }).map((parts) => parts.join('')),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await encode(text)).toEqual(oracles[name].encode(text, asText))
      }),
      { numRuns: 300 },
    )
  })

  test('a real document comes back whole', async () => {
    const encode = createEncoder(await loadVocabulary(name), noTurn)
    const text = await readFile(new URL('../../node_modules/fast-check/README.md', import.meta.url), 'utf8')
    const tokens = await encode(text)
    expect(tokens).toEqual(oracles[name].encode(text, asText))
    expect(oracles[name].decode(tokens)).toBe(text)
  })

  test('no text becomes a special token', async () => {
    const vocabulary = await loadVocabulary(name)
    const encode = createEncoder(vocabulary, noTurn)
    const tokens = await encode('<|endoftext|> <|fim_prefix|><|endofprompt|>')
    expect(tokens.length).toBeGreaterThan(10)
    expect(tokens.every((token) => token < vocabulary.endOfText)).toBe(true)
    expect(vocabulary.size).toBe(vocabulary.endOfText + 1)
  })
})

test('the fingerprint tells vocabularies apart and never changes by itself', async () => {
  expect((await loadVocabulary('o200k_base')).fingerprint).toBe('b91ef7038ca918ebde1f2e8b80f321b25682c9d96ba5511edbecdac4d14a3f74')
  expect((await loadVocabulary('cl100k_base')).fingerprint).not.toBe((await loadVocabulary('o200k_base')).fingerprint)
})

// Square cost would take hours for each of these; that they end is the assertion.
test.each([
  ['a letter', 'a', 125_000],
  ['a space', ' ', 7_813],
  ['a line feed', '\n', 62_500],
  ['a dash', '-', 15_625],
])('an endless run of %s ends in time', async (_what, character, tokens) => {
  const encode = createEncoder(await loadVocabulary('o200k_base'), noTurn)
  expect(await encode(character.repeat(1_000_000))).toHaveLength(tokens)
})

test.each([
  ['many words', prose(1, 40_000), 1],
  ['one endless word', 'a'.repeat(1_000_000), 3],
])('others have their turns in the middle of %s', async (_what, text, worksPerChar) => {
  const turns: number[] = []
  const encode = createEncoder(await loadVocabulary('o200k_base'), async (chars) => void turns.push(chars))
  await encode(text)
  // The last says how much the text was, or its last piece.
  const between = turns.slice(0, -2)
  expect(Math.max(...between)).toBeLessThan(2 ** 16)
  expect(between.reduce((sum, chars) => sum + chars, 0)).toBeGreaterThan(worksPerChar * text.length * 0.7)
})
