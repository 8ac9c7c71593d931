import { expect, test } from 'vitest'
import { story } from '#test/site/story.ts'
import { extractPage } from './extract-page.ts'
import { legibleText } from './legible.ts'

test('a text is made legible, and what was wrong with it is counted', () => {
  expect(legibleText('doesnâ€™t go \u202eon\u202c\ufffd')).toMatchObject({
    text: 'doesn’t go on\ufffd',
    flaws: { mojibake_repaired: 3 / 18, mojibake_left: 1 / 18, invisible_chars: 2 / 18 },
  })
  expect(legibleText('')).toMatchObject({ text: '', flaws: { mojibake_repaired: 0, mojibake_left: 0, invisible_chars: 0 } })
})

test('all that is kept of a page is legible', () => {
  const page = extractPage(
    `<html><head><meta charset=utf-8><title>\uf015 The millerâ€™s book</title><meta name=author content="JosÃ© \u200bMiller">
    <meta property="og:site_name" content="MÃ¼hlen\u202e"></head>
    <body><article><h1>\uf015 The millerâ€™s book</h1><p>It doesnâ€™t rest <i class=fa>\uf0c1</i> at night. ${story(1)}</p></article></body></html>`,
    'https://mill.example/book',
  )
  expect(page).toMatchObject({ title: 'The miller’s book', author: 'José Miller', siteName: 'Mühlen' })
  expect(
    extractPage(
      `<article><p>${story(1)}</p><p>Ð\u00a0Ð°Ð· Ð² Ð³Ð¾Ð´, caf\u00c3\u00a9, \u00c3\u00a0 lâ€™Ã©tÃ©, s\u00c3\u00ad!</p><p>${story(2)}</p></article>`,
      'https://mill.example/',
    ).text,
  ).toContain('Раз в год, café, à l’été, sí!')
  for (const text of [page.text, page.markdown()]) expect(text).toContain('It doesn’t rest at night.')
  expect(page.flaws.mojibake_repaired).toBeGreaterThan(0)
})
