import { expect, test } from 'vitest'
import { refreshHref } from './refresh.ts'

test.each([
  ['0;URL=http://h.example/real/', 'http://h.example/real/'],
  ["5; url='/real/'", '/real/'],
  ['0, uRl = "a b" rest', 'a b'],
  ['\t0.5\n;\r url\f=\n/x ', '/x'],
  ['.5;url=/x', '/x'],
  ['0 /x', '/x'],
  ['0 url=/x', '/x'],
  ['0;/x', '/x'],
  ["0;'/x';", '/x'],
  ['0;url="/x', '/x'],
  ['0;url', 'url'],
  ['0;urls/x', 'urls/x'],
  ['0;url /x', 'url /x'],
  ['1.2.3;url=?page=2&a="b"', '?page=2&a="b"'],
  ['300', undefined],
  ['300;', undefined],
  ['0;url=', undefined],
  ['0;url=""', undefined],
  ['', undefined],
  ['url=/x', undefined],
  [';url=/x', undefined],
  ['-1;url=/x', undefined],
  ['0x;url=/x', undefined],
  ['0s;url=/x', undefined],
])('refresh %j leads to %j', (content, href) => expect(refreshHref(content)).toBe(href))

test('a refresh of any length is read in bounded time', () => {
  expect(refreshHref(`0${' '.repeat(1e6)}`)).toBe(undefined)
  expect(refreshHref(`0;url=${'x'.repeat(1e6)}`)?.length).toBeLessThan(5000)
})
