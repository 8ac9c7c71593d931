import { expect, test } from 'vitest'
import { conditionOf, orderOf } from './where.ts'

test.each([
  "lang = 'en'",
  "title = 'it''s (not closed; -- nor /* a comment'",
  `"text_bytes" > 10 AND (label = 'a' OR NOT (label = 'b'))`,
  String.raw`title = E'a \' ( b' OR title = e''`,
  "title = ''",
  "title = 'why?'",
  '"odd (name;" IS NULL',
])('%s is one operand', (where) => {
  expect(conditionOf(where)).toBe(`(${where}\n)`)
})

test.each([
  ['1=1) OR (1=1', /parentheses/],
  ['(1=1', /parentheses/],
  ["title = ')'' OR (1=1", /quote/],
  ["title = 'open", /quote/],
  ['"open = 1', /quote/],
  [String.raw`title = E'\'' ) UNION SELECT 1 FROM documents WHERE ( E'\''`, /parentheses/],
  ["title = 'a' ; DROP TABLE documents", /invalid symbols/],
  ['1=1 -- all', /invalid symbols/],
  ['1=1 /* all', /invalid symbols/],
  ['title = $$ ) $$', /invalid symbols/],
  ["title = ? OR label = 'why?'", /invalid symbols/],
  ["title = 'a\0b'", /NUL/],
  ['x'.repeat(10_001), /10000/],
])('%s is refused', (where, why) => {
  expect(() => conditionOf(where)).toThrow(why)
})

test('an order names columns, and nothing else', () => {
  expect(orderOf('datetime desc')).toBe('"datetime" DESC')
  expect(orderOf('"lang" , TEXT_BYTES DESC')).toBe('"lang" ASC, "text_bytes" DESC')
  expect(orderOf('author DESC nulls first, title Nulls Last')).toBe('"author" DESC NULLS FIRST, "title" ASC NULLS LAST')
  for (const orderby of ['minhash', 'nope', 'lang; x', '(SELECT 1)', 'lang desc nulls', '"lang', ' ', 'lang,'.repeat(300)])
    expect(() => orderOf(orderby)).toThrow(/orderby/)
})

test('a long condition of quotes and parentheses takes linear time', () => {
  expect(() => conditionOf(`${"'".repeat(9_999)}`)).toThrow(/quote/)
  expect(() => conditionOf('('.repeat(10_000))).toThrow(/parentheses/)
  expect(() => conditionOf(`E'${'\\'.repeat(9_000)}`)).toThrow(/quote/)
})
