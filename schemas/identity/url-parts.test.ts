import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalUrl } from './canonical-url.ts'
import { hostOf, originOf, pathOf } from './url-parts.ts'

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
