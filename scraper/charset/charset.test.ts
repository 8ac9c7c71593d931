import { expect, test } from 'vitest'
import { decodeText } from './charset.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')

test.each([
  ['a byte order mark', Buffer.from('\ufeffé', 'utf16le'), 'text/html; charset=utf-8', 'é', 'utf-16le'],
  ['the header', latin1('\xe9'), 'text/html; charset="ISO-8859-1"', 'é', 'windows-1252'],
  ['the markup', latin1('<meta charset="windows-1251">\xe9'), 'text/html', '<meta charset="windows-1251">й', 'windows-1251'],
  [
    'the older markup',
    latin1('<meta http-equiv=content-type content="text/html; charset=koi8-r">\xc1'),
    undefined,
    '<meta http-equiv=content-type content="text/html; charset=koi8-r">а',
    'koi8-r',
  ],
  ['what is UTF-8', Buffer.from('é'), undefined, 'é', 'utf-8'],
  ['what is UTF-8 but for its end', Buffer.from('é'.repeat(30)).subarray(0, 59), undefined, `${'é'.repeat(29)}\ufffd`, 'utf-8'],
  ['what is not', latin1('\x93\xe9\x94'), undefined, '“é”', 'windows-1252'],
  ['a charset nobody knows', Buffer.from('é'), 'text/html; charset=x-none', 'é', 'utf-8'],
  ['a markup that cannot be true', Buffer.from('<meta charset=utf-16>é'), undefined, '<meta charset=utf-16>é', 'utf-8'],
])('text is decoded by %s', (_, bytes, type, text, charset) => expect(decodeText(bytes, type)).toEqual({ text, charset }))
