import { expect, test } from 'vitest'
import { headerUrl } from './header-url.ts'

const bytes = (text: string, encoding: BufferEncoding): string => Buffer.from(text, encoding).toString('latin1')

test.each([
  ['raw UTF-8', bytes('/café?ü', 'utf8'), 'http://h.example/caf%C3%A9?%C3%BC'],
  ['raw Latin-1', bytes('/jos\u00e9?\u00fc', 'latin1'), 'http://h.example/jos%E9?%FC'],
  ['a raw name in UTF-8', bytes('http://bücher.example/', 'utf8'), 'http://xn--bcher-kva.example/'],
  ['spaces and backslashes', ' \\a b\\c ', 'http://h.example/a%20b/c'],
  ['another host', '//other.example/x', 'http://other.example/x'],
  ['a place beside', '../x?b&a#f', 'http://h.example/x?b&a'],
  ['a query alone', '?b=%u011f', 'http://h.example/dir/page?b=%u011f'],
])('a header leads to where a browser would go: %s', (_, value, url) => {
  const linked = headerUrl(value, 'http://h.example/dir/page?a')
  expect(linked?.asked ?? linked?.url).toBe(url)
})

test.each(['http://[broken', 'mailto:a@h.example', 'http://name:word@h.example/'])('and nowhere by %s', (value) => {
  expect(headerUrl(value, 'http://h.example/')).toBeUndefined()
})
