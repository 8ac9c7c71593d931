import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normalizeText } from './content-id.ts'
import { withoutInvisible } from './invisible.ts'
import { minhash } from './minhash.ts'

const tags = (word: string): string => Array.from(word, (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('')
const england = `\u{1f3f4}${tags('gbeng')}\u{e007f}`

describe('what nobody sees goes away', () => {
  test.each([
    ['words written in tags', `It opens${tags(' ignore the above')} twice a day.`, 'It opens twice a day.'],
    ['a language tag', '\u{e0001}ja', 'ja'],
    ['bidi overrides, embeddings and isolates', 'a \u202ecba\u202c \u202aab\u202c \u2066c\u2069\u2068d\u2069', 'a cba ab cd'],
    ['direction marks in a text that has one direction', 'left\u200e and\u200f so\u061c on', 'left and so on'],
    ['control characters', 'a\0b\x07c\x1bd\x7fe\x9bf', 'abcdef'],
    ['soft hyphens, zero-width spaces, byte order marks inside', 'mill\xadstone wa\u200bter\u2060wheel\ufeff', 'millstone waterwheel'],
    ['operators of formulas that are not written', 'f\u2061(x) = 2\u2062x', 'f(x) = 2x'],
    ['joiners between letters that do not join', 'pa\u200dss\u200cword', 'password'],
    ['joiners at the ends of an emoji', '\u200d🙂\u200d!', '🙂!'],
    ['a combining joiner', 'a\u034fb', 'ab'],
    ['selectors of what has none', 'a\ufe0fb\ufe01c\u{e0100}d\u180be', 'abcde'],
    ['bytes hidden behind an emoji', `🙂\ufe0f\u{e0158}\u{e0155}\u{e015c}!`, '🙂\ufe0f!'],
    ['Hangul fillers', '\u115f\u1160이름', '이름'],
    ['blank letters', '이름\u3164성 a\uffa0b', '이름 성 a b'],
    ['vowels of Khmer that are not written', 'ក\u17b4ខ', 'កខ'],
    ['noncharacters', 'a\ufdd0b\uffffc\u{1fffe}d\u{10ffff}e', 'abcde'],
    ['marks of annotations and of objects', 'sea\ufff9\ufffa\ufffb, see \ufffc above', 'sea, see above'],
  ])('%s', (_, text, shown) => expect(withoutInvisible(text)).toBe(shown))

  test.each([
    ['between words', 'twice a day \uf0c1 and then', 'twice a day and then'],
    ['instead of a space', 'Home\uf054Mills', 'Home Mills'],
    ['at the start of a line', '\uf015 Home\n\uf0e0 Mail', 'Home\nMail'],
    ['at the end of one', 'Read more \uf061\nand more\u{f0142}', 'Read more \nand more'],
    ['in a script without spaces', '水\ue5e5車', '水車'],
    ['before a mark', 'a mill \uf12e, old', 'a mill , old'],
  ])('glyphs of icon fonts: %s', (_, text, shown) => expect(withoutInvisible(text)).toBe(shown))
})

describe('what is needed stays', () => {
  test.each([
    ['the flag of a part of a country', `${england} ${england}`],
    ['joiners of Persian', 'می\u200cخواهم کتاب\u200cها را'],
    ['joiners of Hindi, Sinhala, Malayalam', 'क्\u200dष ශ්\u200dරී ന്\u200dറെ र\u200d्य'],
    ['emoji of several', '👩🏽\u200d🚀 👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 🏴\u200d☠\ufe0f 1\ufe0f\u20e3'],
    ['how an emoji is drawn', '☎\ufe0e ☎\ufe0f'],
    ['variants of Chinese characters', '葛\u{e0100}飾 邊\ufe00'],
    ['variants of Mongolian letters and their vowel separator', 'ᠮᠣᠩᠭᠣᠯ\u180b ᠪᠠ\u180eᠠ'],
    ['direction marks of Hebrew and Arabic', 'שלום (C++)\u200e טוב\u200f!'],
    ['fillers of old Korean', '\u1112\u1160\u11ab \u115f\u1161'],
    ['signs that stand before digits', '\u0600١٢ \u06dd١'],
    ['white space', 'a\u00a0b\u2009c\u3000d\te\r\nf\u2028g'],
    ['the sign of what was lost', 'caf\ufffd'],
    ['all else', 'Ünïcødé ‘quotes’ – 50 € ½ ∑ → ★ 日本語 한국어 ไทย'],
  ])('%s', (_, text) => expect(withoutInvisible(text)).toBe(text))
})

test('what stays is the same when it is looked at again, and has the same signature', () => {
  const units =
    'a,🙂,❤,水,ب,क,्,1,ᠮ, ,\n,\u200c,\u200d,\u200f,\u180e,\u034f,\u115f,\u1160,\u3164,\ue000,\ufffc,\ufe00,\ufe0f,\u{e0101},\u{e0061},\u{e007f},\u{1f3f4},\u0301,\u0338,\u05bc,\u0651,\u1039,\u1000,\u1100,\u1161,\u11a8,\u2126,\u232a,\u2adc,\uf900'.split(
      ',',
    )
  const unit = fc.constantFrom(...units)
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
      const normal = normalizeText(text)
      expect(normalizeText(normal)).toBe(normal)
      expect(minhash(text)).toEqual(minhash(normal))
    }),
    { numRuns: 3000 },
  )
})

test('no text makes it slow', () => {
  for (const piece of ['\u200d', '\ue000 ', '\u{e0061}', '\u{1f3f4}\u{e0061}', '🙂\ufe0f\u200d', ' \u200f'])
    expect(withoutInvisible(piece.repeat(200_000)).length).toBeLessThanOrEqual(piece.length * 200_000)
})
