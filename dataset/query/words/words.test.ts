import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#test/seeded-random.ts'
import { countAll, eachNumber } from './bits.ts'
import { countPostings, encodePostings, PostingsReader, PostingWeights } from './postings.ts'
import { weighWords } from './weights.ts'
import { foldText, phraseText, soughtWords, wordsOf } from './words.ts'

describe('foldText', () => {
  test.each([
    ['ΣΊΣΥΦΟΣ', 'σίσυφος'],
    ['Straße', 'STRASSE'],
    ['STRAẞE', 'strasse'],
    ['ﬁne', 'FINE'],
    ['cafe\u0301', 'CAFÉ'],
    ['İstanbul', 'i\u0307stanbul'],
    ['co\u00adoperate', 'cooperate'],
    ['\u212bngstr\u00f6m', 'ÅNGSTRÖM'],
    ['ΐ', 'Ϊ́'],
    ['ᾳ', 'ΑΙ'],
    ['\u1e69', 's\u0307\u0323'],
    ['각', '\u1100\u1161\u11a8'],
    ['ISPARTA', 'ısparta'],
    ['İZMİR', 'izmir'],
    ['Ｔｏｋｙｏ ２０', 'tokyo 20'],
    ['ｶﾞｷﾞ', 'ガギ'],
    ['ﻛﺘﺎﺏ', 'كتاب'],
    ['كــتاب', 'كتاب'],
    ['می\u200cخواهم', 'میخواهم'],
    ['葛\u{e0100}', '葛'],
    ['\u{1d4d5}ancy', 'fancy'],
  ])('takes %s and %s for one', (one, other) => {
    expect(foldText(one)).toBe(foldText(other))
  })

  test.each([
    ['cafe', 'café'],
    ['か', 'が'],
    ['Java™', 'javatm'],
    ['s', 'š'],
  ])('tells %s from %s', (one, other) => {
    expect(foldText(one)).not.toBe(foldText(other))
  })

  test('changes nothing that was folded, and no text is two by its case or its form', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(text, (some) => {
        const folded = foldText(some)
        expect(foldText(folded)).toBe(folded)
        expect(foldText(some.toUpperCase())).toBe(folded)
        expect(foldText(some.normalize('NFD'))).toBe(folded)
      }),
      { numRuns: 300, seed: 1 },
    )
  })
})

describe('wordsOf', () => {
  test.each([
    ['two words, 3rd — done', ['two', 'words', '3rd', 'done']],
    ['東京都 x', ['東', '京', '東京', '都', '京都', 'x']],
    ["don't", ['don', 't']],
    ['C++, C# or .NET', ['c', 'c++', 'c', 'c#', 'or', 'net', '.net']],
    ['(F#) Notepad++.', ['f', 'f#', 'notepad', 'notepad++']],
    ['Ｃ＋＋语', ['c', 'c++', '语']],
    ['c#.net', ['c', 'c#', 'net', '.net']],
    ['page#part a.b ...and x+++ c##', ['page', 'part', 'a', 'b', 'and', 'x', 'c']],
    ['a++b # +x', ['a', 'b', 'x']],
    ['pizza🍕 ❤️', ['pizza', '🍕', '❤']],
    ['👩‍👧x', ['👩', '👧', '👩👧', 'x']],
    ['𠮷野', ['𠮷', '野', '𠮷野']],
    ['น้ำ', ['น้', 'ำ', 'น้ำ']],
    ['𐐀𐐨', ['𐐨𐐨']],
    ['', []],
    ['a'.repeat(100), ['a'.repeat(64)]],
    [`${'a'.repeat(63)}𐐨𐐨`, ['a'.repeat(63)]],
  ])('of %s are %j', (text, expected) => {
    expect([...wordsOf(foldText(text))]).toEqual(expected)
  })
})

describe('soughtWords', () => {
  test.each([
    ['b a "c d" a', ['b', 'a', 'c', 'd'], [' c d ']],
    ['東京', ['東京'], []],
    ['“New  YORK”', ['new', 'york'], [' new york ']],
    ['open "quote here', ['open', 'quote', 'here'], [' quote here ']],
    ['"one"', ['one'], []],
    ['C++ or C#', ['c++', 'or', 'c#'], []],
    ['".NET"', ['.net'], []],
    ['"C++ code"', ['c++', 'code'], [' c code ']],
    ['\ud800 x', ['x'], []],
  ])('of %s are %j and the phrases %j', (typed, words, phrases) => {
    expect(soughtWords(typed)).toEqual({ words, phrases })
  })

  test('are bounded, whatever was typed', () => {
    const typed = Array.from({ length: 10_000 }, (_, n) => `w${n} "a b c"`).join(' ')
    expect(soughtWords(typed).words).toHaveLength(16)
  })

  test.each([
    ['In New-York,  they say', '"new YORK they"'],
    ['東京都に住んでいます', '"京都に"'],
    ['the best pizza🍕 there is', '"best pizza"'],
    ['iPhone发布 today', '"IPHONE 发布"'],
  ])('%s has the phrase %s', (text, typed) => {
    const [phrase = 'none'] = soughtWords(typed).phrases
    expect(phraseText(foldText(text))).toContain(phrase)
  })

  test.each([
    ['東京都に住んでいます', '"京東都"'],
    ['there is the best pizza', '"best pizz"'],
  ])('%s has not the phrase %s', (text, typed) => {
    const [phrase = 'none'] = soughtWords(typed).phrases
    expect(phraseText(foldText(text))).not.toContain(phrase)
  })
})

test('a word weighs more the more often it stands in a short text, and most in the title', () => {
  const weights = weighWords('stone', `moss moss river ${'filler '.repeat(50)}`)
  const of = (word: string) => weights.get(word) ?? 0
  expect([of('stone') > of('moss'), of('moss') > of('river'), of('filler') <= 255, of('nothing')]).toEqual([true, true, true, 0])
  expect(weighWords('', `river ${'filler '.repeat(500)}`).get('river')).toBeLessThan(of('river'))
})

function outcomeOf(bytes: Uint8Array): string {
  try {
    return typeof countPostings(bytes)
  } catch (error) {
    return (error as Error).name
  }
}

describe('postings', () => {
  /** Documents far apart and close together, by stretches: of one in `apart` each. */
  const stretches = fc.array(fc.record({ from: fc.nat({ max: 2000 }), count: fc.nat({ max: 3000 }), apart: fc.constantFrom(1, 2, 9, 40) }), {
    minLength: 1,
    maxLength: 5,
  })
  const lists = fc.tuple(stretches, fc.nat({ max: 100 })).map(([some, seed]) => {
    const random = seededRandom(seed)
    const rows: number[] = []
    for (const { from, count, apart } of some)
      for (let row = (rows.at(-1) ?? 0) + 1 + from, end = row + count; row < end; row++) if (random() * apart < 1) rows.push(row)
    return rows
  })

  test('come back as they were written, joined or not', () => {
    fc.assert(
      fc.property(lists, fc.nat({ max: 6000 }), (rows, cut) => {
        const weights = rows.map((row) => 1 + (row % 255))
        const parts = [encodePostings(rows.slice(0, cut), weights.slice(0, cut)), encodePostings(rows.slice(cut), weights.slice(cut))]
        const bytes = Buffer.concat(parts)
        expect(countPostings(bytes)).toBe(rows.length)
        const bits = new Uint32Array(1024)
        let at = 0
        for (const reader = new PostingsReader(bytes); reader.next(); reader.skip()) {
          expect(reader.first).toBe(rows[at])
          at += reader.count
          expect(reader.firstBehind).toBe(rows[at] ?? Infinity)
          reader.mark(bits)
        }
        const found: number[] = []
        eachNumber(bits, (row) => found.push(row))
        expect(found).toEqual(rows)
        expect(countAll(bits)).toBe(rows.length)
        for (const step of [1, 7]) {
          const some = rows.filter((_, n) => n % step === 0)
          for (const lists of [[bytes], parts.filter(({ length }) => length > 0)]) {
            const read = new PostingWeights(lists)
            expect(some.map((row) => read.of(row))).toEqual(some.map((row) => 1 + (row % 255)))
          }
        }
      }),
      { numRuns: 50, seed: 1 },
    )
  })

  test('numbers up to 2^31 go in, and those beyond the bits there are go nowhere', () => {
    const rows = [5, 70, ...Array.from({ length: 300 }, (_, n) => 2 ** 31 - 1000 + 2 * n)]
    const bytes = encodePostings(
      rows,
      rows.map(() => 7),
    )
    const bits = new Uint32Array(2)
    for (const reader = new PostingsReader(bytes); reader.next(); reader.skip()) reader.mark(bits)
    expect([...bits]).toEqual([32, 0])
    expect(new PostingWeights([bytes]).of(rows.at(-1) ?? 0)).toBe(7)
  })

  test('of words that stand in most documents take less than a byte and a quarter each', () => {
    const rows = Array.from({ length: 10_240 }, (_, n) => n + 1).filter((row) => row % 8 !== 0)
    expect(
      encodePostings(
        rows,
        rows.map(() => 99),
      ).length / rows.length,
    ).toBeLessThan(1.25)
  })

  test('that are cut off, or never were any, end in a RangeError or in what there is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void expect(['number', 'RangeError']).toContain(outcomeOf(bytes))),
      { numRuns: 200, seed: 1 },
    )
  })
})
