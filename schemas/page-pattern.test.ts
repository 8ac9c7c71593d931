import { expect, test } from 'vitest'
import { originPattern, pagePatternFault } from './page-pattern.ts'

test.each([
  'http://example.org',
  'https://example.org:8443',
  'http://127.0.0.1:8800',
  'http://[::1]:8080',
  'http://[2001:db8::7]',
  'https://xn--bcher-kva.example',
])('the pattern of %s takes its pages and no others', (origin) => {
  const pattern = originPattern(origin)
  expect(pagePatternFault(pattern)).toBeUndefined()
  expect(new URLPattern(pattern).test(`${origin}/a/b?c=d`)).toBe(true)
  expect(new URLPattern(pattern).test('http://[::2]:8080/a')).toBe(false)
})

test.each([
  ['*', /no URL pattern; write one like/],
  ['/docs/*', /no URL pattern/],
  ['example.org/*', /no URL pattern/],
  ['https://example.org/(', /no URL pattern/],
  ['', /no URL pattern/],
  ['ftp://example.org/*', /only http and https/],
  [`https://example.org/${'x'.repeat(3000)}`, /longer than 2048/],
])('says what is wrong with %j', (text, fault) => expect(pagePatternFault(text)).toMatch(fault))

test.each(['https://example.org/*', '*://example.org/*', 'http{s}?://*.example.org/:lang/*'])('takes %s', (text) =>
  expect(pagePatternFault(text)).toBeUndefined(),
)
