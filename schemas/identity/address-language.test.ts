import { expect, test } from 'vitest'
import { addressFit } from './address-language.ts'

test.each([
  ['https://docs.example/el-GR/handbook/', -1],
  ['https://docs.example/en-US/handbook/', 1],
  ['https://docs.example/en_gb/', 1],
  ['https://docs.example/manual/en/index.html', 1],
  ['https://docs.example/manual/ja/index.html', -1],
  ['https://docs.example/en/de/', 1],
  ['https://docs.example/zh-hant/handbook', -1],
  ['https://docs.example/install.en.html', 1],
  ['https://docs.example/install_el.htm#top', -1],
  ['https://docs.example/install.html.pt-br', -1],
  ['https://docs.example/page?x=1&lang=en-GB', 1],
  ['https://docs.example/page?hl=fr', -1],
  ['https://el.docs.example/page', -1],
  ['https://en.docs.example/wiki/Mill', 1],
  ['https://docs.example/handbook/', 0],
  ['https://docs.example/books/mills/en/1', 0],
  ['https://www.example/x.html', 0],
  ['https://el.example/', 0],
] as const)('an address beside an English text: %s', (uri, fit) => expect(addressFit(uri, 'en')).toBe(fit))

test('a text of no language fits none', () => expect(addressFit('https://docs.example/el/', 'und')).toBe(0))

test('no address makes it slow', () => {
  for (const piece of ['a', '/en', '.en', '-', '.html', '?lang=', '_'])
    expect(addressFit(`https://a.example/${piece.repeat(200_000)}`, 'en')).toBeTypeOf('number')
})
