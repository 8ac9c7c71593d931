import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalUrl } from './canonical-url.ts'

const query = (names: string[]): string => names.map((name) => `${name}=${name.length}`).join('&')

describe('canonicalUrl', () => {
  test.each([
    ['HTTP://EXAMPLE.com:80/', 'http://example.com/'],
    ['https://example.com:443', 'https://example.com/'],
    ['https://example.com:8443/a', 'https://example.com:8443/a'],
    ['http://example.com./a', 'http://example.com/a'],
    ['http://example.com/a/../b/./c', 'http://example.com/b/c'],
    ['http://example.com/%7euser/%2Fx%2fy', 'http://example.com/~user/%2Fx%2Fy'],
    ['http://example.com/100%/a|b', 'http://example.com/100%25/a%7Cb'],
    ['http://example.com/a b/ü', 'http://example.com/a%20b/%C3%BC'],
    ['http://bücher.example/', 'http://xn--bcher-kva.example/'],
    ['http://example.com/a#part', 'http://example.com/a'],
    ['http://example.com/a?', 'http://example.com/a'],
    ['http://example.com/a?&&=&', 'http://example.com/a'],
    ['http://example.com/?b=2&a=1', 'http://example.com/?a=1&b=2'],
    ['http://example.com/?a=2&a=1', 'http://example.com/?a=2&a=1'],
    ['http://example.com/?utm_source=x&id=7&gclid=1&FBCLID=2&PHPSESSID=3', 'http://example.com/?id=7'],
    ['http://example.com/a;jsessionid=0F3A/b', 'http://example.com/a/b'],
    ['http://example.com/x/..;jsessionid=1/b', 'http://example.com/b'],
  ])('spells %s as %s', (url, canonical) => {
    expect(canonicalUrl(url)).toBe(canonical)
  })

  test('resolves a reference against its base', () => {
    expect(canonicalUrl('../c?z=1', 'http://example.com/a/b/')).toBe('http://example.com/a/c?z=1')
    expect(canonicalUrl(new URL('http://example.com/a'))).toBe('http://example.com/a')
  })

  test.each([
    '',
    'no url',
    'ftp://example.com/',
    'mailto:a@example.com',
    'javascript:alert(1)',
    'http://user:pw@example.com/',
    'http://./',
    `http://example.com/${'a'.repeat(2048)}`,
  ])('refuses %s', (url) => {
    expect(canonicalUrl(url)).toBeUndefined()
  })

  const character = fc.constantFrom(
    ...'aZ09-._~%2fEé漢\u{1F600}\uD800 /?&=;:#[]|^`"<>{}\\\'+,!@$()*\u0000\u00AD'.split(''),
    'utm_',
    '%41',
    '%2e',
    '..',
    ';jsessionid=',
  )
  const urls = fc.array(character, { maxLength: 40 }).map((parts) => `http://Example.com/${parts.join('')}`)

  test('is idempotent', () => {
    expect.hasAssertions()
    fc.assert(
      fc.property(fc.oneof(urls, fc.webUrl({ withQueryParameters: true, withFragments: true })), (url) => {
        const once = canonicalUrl(url)
        expect(once && canonicalUrl(once)).toBe(once)
      }),
      { numRuns: 600 },
    )
  })

  test('holds only characters RFC 3986 allows', () => {
    fc.assert(
      fc.property(urls, (url) => {
        expect(canonicalUrl(url) ?? '').toMatch(/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?[\]]|%[0-9A-F]{2})*$/)
      }),
      { numRuns: 1000 },
    )
  })

  test('does not depend on the order of differently named parameters', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 8 })
    fc.assert(
      fc.property(names, (unique) => {
        expect(canonicalUrl(`http://e.com/?${query(unique)}`)).toBe(canonicalUrl(`http://e.com/?${query(unique.toReversed())}`))
      }),
    )
  })
})
