import { expect, test } from 'vitest'
import { spellsLanguage } from './language-spelling.ts'

test.each([
  ['en-US', 'en'],
  ['EN_gb', 'en'],
  ['English', 'en'],
  ['Deutsch', 'de'],
  ['deu', 'de'],
  ['ger', 'de'],
  ['iw', 'he'],
  ['zh-cn', 'zh'],
  ['zho_Hans', 'zh'],
  ['cmn', 'zh'],
  [' in ', 'id'],
])('%s is %s', (text, code) => {
  expect(spellsLanguage(text, code)).toBe(true)
})

test.each(['', 'e', 'de', 'i-klingon', '__proto__', 'en us', 'x'.repeat(1000)])('%s is no English', (text) => {
  expect(spellsLanguage(text, 'en')).toBe(false)
})
