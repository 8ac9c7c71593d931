import { expect, test } from 'vitest'
import { decodeText } from './charset.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const western = 'text/html; charset=windows-1252'
const wide = (text: string) => Buffer.from(text, 'utf16le')

test.each([
  ['a byte order mark', wide('\ufeffé'), 'text/html; charset=utf-8', 'é', 'utf-16le'],
  ['a byte order mark, the other way about', wide('\ufeffé').swap16(), undefined, 'é', 'utf-16be'],
  ['a byte order mark of UTF-8', Buffer.from('\ufeffé'), 'text/html; charset=koi8-r', 'é', 'utf-8'],
  ['UTF-16 without a mark', wide('<p>é 東京'), 'text/html', '<p>é 東京', 'utf-16le'],
  ['UTF-16 without a mark, the other way about', wide('<?xml?>é').swap16(), undefined, '<?xml?>é', 'utf-16be'],
  ['the header', latin1('<meta charset=koi8-r>\xe9'), 'text/html; charset="ISO-8859-1"', '<meta charset=koi8-r>é', 'windows-1252'],
  ['the markup', latin1('<meta charset="windows-1251">\xe9'), 'text/html', '<meta charset="windows-1251">й', 'windows-1251'],
  [
    'an XML declaration',
    latin1('<?xml version="1.0" encoding="windows-1250"?>\xb9'),
    'text/html',
    '<?xml version="1.0" encoding="windows-1250"?>ą',
    'windows-1250',
  ],
  [
    'the XML declaration of XHTML',
    latin1('<?xml version="1.0" encoding="windows-1251"?><html><meta charset=utf-8>\xe9'),
    'application/xhtml+xml',
    '<?xml version="1.0" encoding="windows-1251"?><html><meta charset=utf-8>й',
    'windows-1251',
  ],
  ['no page that a feed quotes', Buffer.from('<rss><![CDATA[<meta charset=koi8-r>é'), 'text/html', '<rss><![CDATA[<meta charset=koi8-r>é', 'utf-8'],
  ['no page that is to be read as text', Buffer.from('<meta charset=koi8-r>é'), 'text/plain', '<meta charset=koi8-r>é', 'utf-8'],
  ['the header, whatever its quotes', latin1('\xe9'), "text/html; charset='windows-1251'", 'й', 'windows-1251'],
  ['what is UTF-8', Buffer.from('é'), undefined, 'é', 'utf-8'],
  ['what is UTF-8 but for its end', Buffer.from('é'.repeat(30)).subarray(0, 59), undefined, `${'é'.repeat(29)}\ufffd`, 'utf-8'],
  ['UTF-8 with a nought in it', Buffer.from('<p>a\0é'), undefined, '<p>a\0é', 'utf-8'],
  ['the header, in what the standard does not read', latin1('~{VPND~}'), 'text/html; charset=hz-gb-2312', '\ufffd', 'replacement'],
  ['a charset nobody knows', Buffer.from('é'), 'text/html; charset=x-none', 'é', 'utf-8'],
  ['an escape sequence that is none of Japan', latin1('\x1b[31mred'), undefined, '\x1b[31mred', 'utf-8'],
])('text is decoded by %s', (_, bytes, type, text, charset) => expect(decodeText(bytes, type)).toEqual({ text, charset, isGuessed: false }))

test.each([
  ['Western', latin1('\x93\xe9\x94'), '“é”', 'windows-1252'],
  ['Japanese in escape sequences', latin1('\x1b$B$9$Y$F$N?M4V\x1b(B'), 'すべての人間', 'iso-2022-jp'],
])('text is decoded by what it looks like: %s', (_, bytes, text, charset) => expect(decodeText(bytes, 'text/html')).toEqual({ text, charset, isGuessed: true }))

test.each([
  ['windows-1252', '<meta charset=utf-8><p>D\xe9j\xe0 vu, l’\xe9t\xe9 \xe0 No\xebl'.replace('’', "'")],
  ['windows-1251', '<meta charset=utf-8><p>\xcf\xf0\xe8\xeb\xe8\xe2\xed\xe0\xff \xec\xe5\xeb\xfc\xed\xe8\xf6\xe0 \xed\xe0 \xf0\xe5\xea\xe5'],
])('markup that says UTF-8 over bytes that are far from it is wrong: %s', (charset, text) => {
  expect(decodeText(latin1(text), 'text/html')).toMatchObject({ charset, isGuessed: true })
  expect(decodeText(latin1(text), 'text/html; charset=utf-8')).toMatchObject({ charset: 'utf-8', isGuessed: false })
})

test('a header is believed, and said to be contradicted by bytes that are UTF-8', () => {
  expect(decodeText(Buffer.from('é'.repeat(4)), western)).toEqual({ text: 'Ã©'.repeat(4), charset: 'windows-1252', isGuessed: false, isContradicted: true })
  for (const bytes of [Buffer.from('é'.repeat(3)), Buffer.from('e'.repeat(9)), latin1('é'.repeat(9))])
    expect(decodeText(bytes, western)).not.toHaveProperty('isContradicted')
  expect(decodeText(Buffer.from('é'.repeat(9)), 'text/html; charset=utf-8')).not.toHaveProperty('isContradicted')
})

test.each([
  ['gb2312', '<meta http-equiv=content-type content="text/html; charset=gb2312">潮汐磨坊'],
  ['windows-1251', '<meta charset=windows-1251>приливная мельница'],
  ['ISO-8859-1 of an XML declaration', '<?xml version="1.0" encoding="iso-8859-1"?><p>été déjà vécu'],
  ['shift_jis, which most of its bytes fit', '<meta charset=shift_jis>潮の水車小屋'],
])('markup that says %s over bytes that are UTF-8 is out of date', (_, text) => {
  expect(decodeText(Buffer.from(text), 'text/html')).toEqual({ text, charset: 'utf-8', isGuessed: false })
})

test.each([
  ['sequences are few', Buffer.from('<meta charset=iso-8859-1>ééé'), '<meta charset=iso-8859-1>Ã©Ã©Ã©', 'windows-1252'],
  ['one byte is none', Buffer.concat([Buffer.from('<meta charset=iso-8859-1>éééé'), latin1('\xe9')]), '<meta charset=iso-8859-1>Ã©Ã©Ã©Ã©é', 'windows-1252'],
])('markup is believed where %s', (_, bytes, text, charset) => expect(decodeText(bytes, 'text/html')).toMatchObject({ text, charset }))

test('Korean and Hong Kong’s characters come out of what is declared', () => {
  expect(decodeText(Buffer.of(0x8c, 0x63), 'text/html; charset=euc-kr').text).toBe('똠')
  expect(decodeText(Buffer.of(0x87, 0xc4), 'text/html; charset=big5').text).toBe('䤯')
})
