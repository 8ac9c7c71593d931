import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pageUrl, linkedUrl } from './canonical-url.ts'

const askedOf = (href: string): string | undefined => {
  const linked = linkedUrl(href)
  return linked && (linked.asked ?? linked.url)
}

describe('what is asked is what was linked', () => {
  test.each([
    ['a command that must come first', 'http://h.example/db.nsf/all?OpenView&Count=30'],
    ['the order of what was signed, and its escapes in upper case', 'http://h.example/f?X-Sig=aB%2Fc%3D&Expires=9&Date=20260102T000000Z'],
    ['the same in lower case', 'http://h.example/%c3%a9?q=%2f%7e'],
    ['a per cent sign that begins no escape', 'http://h.example/?s=ni%u011fde&off=100%'],
    ['a query of nothing', 'http://h.example/a?'],
    ['empty parameters', 'http://h.example/a?&&b=&='],
    ['who came from where', 'http://h.example/a?utm_source=x&gclid=1'],
    ['a session', 'http://h.example/a;jsessionid=0F3A.node1?PHPSESSID=1'],
    ['what a browser leaves as it is', "http://h.example/a|b'(c)[d]?f[0]=|^`{}\\'"],
    ['the dot behind a host', 'http://h.example./a'],
  ])('%s', (_, url) => {
    expect(askedOf(url)).toBe(new URL(url).href)
    expect(linkedUrl(url)?.url).toBe(pageUrl(url))
  })

  test('without its fragment, even an empty one', () => {
    expect(linkedUrl('http://h.example/?b=2&a=1#c')).toEqual({ url: 'http://h.example/?a=1&b=2', asked: 'http://h.example/?b=2&a=1' })
    expect(linkedUrl('?b&a#', 'http://h.example/')).toEqual({ url: 'http://h.example/?a&b', asked: 'http://h.example/?b&a' })
  })

  test('is said once where it is canonical', () => {
    expect(linkedUrl(' /a\n/b?c=1 ', 'http://h.example/x#y')).toEqual({ url: 'http://h.example/a/b?c=1' })
  })

  test.each(['http://user@h.example/', 'mailto:a@h.example', 'no url', `http://h.example/?utm_source=${'x'.repeat(4000)}`])(
    'and %s is nobody’s page',
    (href) => {
      expect(linkedUrl(href)).toBeUndefined()
    },
  )

  const piece = fc.constantFrom(
    ...'aZ09-._~%2fEé漢\u{1F600}\uD800 /?&=;:#[]|^`"<>{}\\\'+,!@$()*\u0000\t\n'.split(''),
    'utm_source=',
    '%41',
    '..',
    ';jsessionid=',
    '//',
    'http:',
  )
  const href = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(''))

  test('by the parse that browsers use', () => {
    fc.assert(
      fc.property(href, (link) => {
        const parsed = URL.parse(link, 'http://h.example/a/b?c')
        if (parsed) parsed.hash = ''
        const linked = linkedUrl(link, 'http://h.example/a/b?c')
        expect(linked?.url).toBe(parsed ? pageUrl(parsed.href) : undefined)
        expect(linked?.asked ?? linked?.url ?? parsed?.href).toBe(parsed?.href)
      }),
      { numRuns: 3000 },
    )
  })

  test('and leads to the same page, however often it is taken', () => {
    fc.assert(
      fc.property(href, (link) => {
        const linked = linkedUrl(link, 'http://h.example/a')
        expect(linked && linkedUrl(linked.asked ?? linked.url)).toEqual(linked)
      }),
      { numRuns: 3000 },
    )
  })
})
