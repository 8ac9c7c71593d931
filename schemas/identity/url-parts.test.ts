import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalUrl } from './canonical-url.ts'
import { hostOf, isSameSite, originOf, pathOf } from './url-parts.ts'

test('the parts of a canonical URL are those of its parse', () => {
  const url = fc.oneof(
    fc.webUrl({ withQueryParameters: true, validSchemes: ['http', 'https'] }),
    fc.constantFrom('http://a', 'https://[::1]:8443/?a=//b', 'http://a.b:81//c'),
  )
  fc.assert(
    fc.property(url, (text) => {
      const canonical = canonicalUrl(text)
      fc.pre(canonical !== undefined)
      const { origin, host, pathname, search } = new URL(canonical)
      expect([originOf(canonical), hostOf(canonical), pathOf(canonical)]).toEqual([origin, host, pathname + search])
    }),
  )
})

test.each([
  ['site.example', 'www.site.example', true],
  ['www.site.example', 'maps.site.example', true],
  ['site.example', 'a.b.site.example', true],
  ['www.blog.site.example', 'blog.site.example', true],
  ['site.example', 'site.example', true],
  ['site.example', 'other.example', false],
  ['site.example', 'mysite.example', false],
  ['a.b.site.example', 'c.d.site.example', false],
  ['10.0.0.1', '10.1.0.1', false],
  ['10.0.0.1', '9.0.0.1', false],
  ['localhost', 'example', false],
])('%s and %s are of one site: %s', (one, other, isOne) => {
  expect(isSameSite(one, other)).toBe(isOne)
  expect(isSameSite(other, one)).toBe(isOne)
})
