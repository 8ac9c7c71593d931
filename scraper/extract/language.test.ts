import { describe, expect, test } from 'vitest'
import { identifyLanguage } from './language.ts'
import { words } from './words.ts'

const samples = {
  en: 'The garden of the house is on the other side of the road, and it was for many years the place that we liked to be in with all of our friends from the town.',
  de: 'Der Garten des Hauses liegt auf der anderen Seite der Straße, und er war für viele Jahre der Ort, an dem wir mit unseren Freunden aus der Stadt sein wollten.',
  fr: 'Le jardin de la maison est de l’autre côté de la route, et il a été pour nous pendant des années le lieu dans lequel nous étions avec les amis que nous avions.',
  es: 'El jardín de la casa está al otro lado de la calle, y por muchos años fue para nosotros el lugar en que estábamos con los amigos que teníamos en la ciudad.',
  ru: 'Сад дома находится на другой стороне улицы, и много лет он был для нас местом встречи с друзьями.',
  ja: '家の庭は道の向こう側にあり、長い間わたしたちが友だちと会う場所でした。',
  zh: '房子的花园在马路的另一边，多年来一直是我们与朋友见面的地方。',
  el: 'Ο κήπος του σπιτιού βρίσκεται στην άλλη πλευρά του δρόμου εδώ και πολλά χρόνια.',
}

describe('language', () => {
  test.each(Object.entries(samples))('%s is recognized by itself', (lang, text) => expect(identifyLanguage(text, undefined).lang).toBe(lang))
  test('the attribute does not count against the text', () => expect(identifyLanguage(samples.en, 'de-DE').lang).toBe('en'))
  test('the attribute settles what shares a script', () => expect(identifyLanguage(samples.ru, 'bg').lang).toBe('bg'))
  test.each([
    ['short', 'Hello there'],
    ['code', 'const x = foo(bar, 12); if (x > y) return baz[qux]; let w = x + y * z - foo(w); export default { a, b, c, d, e, f };'],
    ['nothing', ''],
  ])('und: %s', (_, text) => expect(identifyLanguage(text, undefined)).toEqual({ lang: 'und', score: 0 }))
  test('the score lies between 0 and 1', () => {
    for (const text of Object.values(samples)) expect(identifyLanguage(text, undefined).score).toSatisfy((score: number) => score > 0.3 && score <= 1)
  })
})

test('words are cut by white space, and by dictionaries where a script has none', () => {
  expect(words(' one  two\nthree-four ')).toEqual(['one', 'two', 'three-four'])
  expect(words(samples.zh).length).toBeGreaterThan(10)
})
