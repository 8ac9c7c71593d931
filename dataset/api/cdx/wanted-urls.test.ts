import { expect, test } from 'vitest'
import { urlKey } from './url-key.ts'
import { wantedKeys } from './wanted-urls.ts'

test.each([
  ['http://example.com/', 'com,example)/'],
  ['https://www.blog.example.com/a/b?x=1', 'com,example,blog)/a/b?x=1'],
  ['http://www2.example.com:8080/', 'com,example:8080)/'],
  ['http://1.2.3.4/x', '1.2.3.4)/x'],
  ['http://[::1]:8080/x', '[::1]:8080)/x'],
])('the key of %s is %s', (uri, key) => {
  expect(urlKey(uri)).toBe(key)
})

test.each([
  ['example.com', undefined, ['com,example)/'], []],
  ['HTTPS://Example.com:443/a?b=2&a=1#part', undefined, ['com,example)/a?a=1&b=2'], []],
  ['example.com/path/*', undefined, [], ['com,example)/path/']],
  ['http://example.com/pa*', undefined, [], ['com,example)/pa']],
  ['*.example.com', undefined, [], ['com,example)', 'com,example:', 'com,example,']],
  ['http://*.example.com/', undefined, [], ['com,example)', 'com,example:', 'com,example,']],
  ['example.com/path', 'host', [], ['com,example)', 'com,example:']],
  ['example.com:8080/path', 'host', [], ['com,example:8080)']],
  ['blog.example.com', 'domain', [], ['com,example,blog)', 'com,example,blog:', 'com,example,blog,']],
  ['example.com/a*b', 'exact', ['com,example)/a*b'], []],
  ['bücher.example', undefined, ['example,xn--bcher-kva)/'], []],
] as const)('url=%s, matchType=%s means its pages', (url, matchType, keys, starts) => {
  expect(wantedKeys(url, matchType)).toMatchObject({ keys, starts })
})

test('pages of a host have it in their address, with and without www', () => {
  expect(wantedKeys('http://www.blog.example.com:8080/a', undefined).host).toBe('blog.example.com')
  expect(wantedKeys('*.Bücher.example', undefined).host).toBe('xn--bcher-kva.example')
  expect(wantedKeys('[::1]:80/a', undefined).host).toBe('[::1]')
})

test.each(['*', '*.', 'http://', 'ftp://example.com/', 'http://user:password@example.com/', 'a b'])('%s is no address of pages', (url) => {
  expect(() => wantedKeys(url, undefined)).toThrow(/is no address of pages/)
})
