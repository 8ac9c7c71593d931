import { expect, test } from 'vitest'
import { guessCharset, type GuessedCharset } from './charset-guess.ts'

/** What TextEncoder does not do: the bytes of a text in a legacy encoding, found by decoding all one- and two-byte sequences. */
function encoder(charset: GuessedCharset): (text: string) => Uint8Array {
  const bytesOf = new Map<string, number[]>()
  const decoder = new TextDecoder(charset)
  for (let first = 0x80; first < 0x100; first++) {
    for (let second = 0x40; second < 0x100; second++) {
      const pair = decoder.decode(Uint8Array.of(first, second))
      if ([...pair].length === 1 && !bytesOf.has(pair)) bytesOf.set(pair, [first, second])
    }
  }
  for (let byte = 0; byte < 0x100; byte++) bytesOf.set(decoder.decode(Uint8Array.of(byte)), [byte])
  return (text) => Uint8Array.from([...text].flatMap((character) => bytesOf.get(character) ?? [0x3f]))
}

const russian =
  'Съешь же ещё этих мягких французских булок, да выпей чаю. Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.'
const japanese = '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。'
const korean =
  '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다.'
const simplified = '人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。'
const traditional = '人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。這是我們的世界。'

test.each<[GuessedCharset, string]>([
  ['windows-1252', 'Déjà vu à Noël: le cœur a ses raisons que la raison ne connaît point. Voilà l’été.'],
  ['windows-1252', 'Falsches Üben von Xylophonmusik quält jeden größeren Zwerg. Schöne Grüße aus Köln!'],
  ['windows-1252', 'El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío; añoraba a su querido cachorro.'],
  ['windows-1252', 'A short one © 2026, 20 °C'],
  ['windows-1251', russian],
  ['koi8-r', russian],
  ['shift_jis', japanese],
  ['euc-jp', japanese],
  ['euc-kr', korean],
  ['gb18030', simplified],
  ['big5', traditional],
])('%s is told by its text: %s', (charset, text) => {
  const bytes = encoder(charset)(`<!doctype html><title>x</title><p class="a">${text}</p>`)
  expect(guessCharset(bytes)).toBe(charset)
  expect(new TextDecoder(charset).decode(bytes)).toContain(text.slice(0, 10))
})

test('what is no text in any of them is read as windows-1252', () => {
  expect(guessCharset(Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80))).toBe('windows-1252')
  expect(guessCharset(new Uint8Array())).toBe('windows-1252')
})
