import { describe, expect, test } from 'vitest'
import { CookieJar } from './cookie-jar.ts'

const now = Date.UTC(2026, 0, 15)
const page = 'https://www.h.example/shop/list?a=1'

function sent(lines: readonly string[], url = page, from = page): string | undefined {
  const jar = new CookieJar(() => now)
  jar.take(lines, from)
  return jar.headerFor(url)
}

describe('a cookie goes back', () => {
  test.each([
    ['a=b', 'a=b'],
    [' a = b c ; HttpOnly; SameSite=Lax', 'a=b c'],
    ['a="b=c"; Path=/', 'a="b=c"'],
    ['a=', 'a='],
    ['alone', 'alone'],
    ['a=b; Domain=.H.example', 'a=b'],
    ['a=b; Secure', 'a=b'],
    ['a=b; Max-Age=60; Expires=Thu, 01-Jan-1970 00:00:00 GMT', 'a=b'],
    ['a=b; Expires=whenever; Path=nowhere', 'a=b'],
    ['a=b; Expires=0', 'a=b'],
    ['a=b; Expires=-1', 'a=b'],
    ['a=\xe9', 'a=\xe9'],
  ])('%s', (line, header) => expect(sent([line])).toBe(header))

  test('to its own path, the longer one first', () => {
    const lines = ['a=1; Path=/', 'b=2; Path=/shop', 'c=3', 'd=4; Path=/sho', 'e=5; Path=/shop/list/']
    expect(sent(lines)).toBe('b=2; c=3; a=1')
    expect(sent(lines, 'https://www.h.example/shop')).toBe('b=2; c=3; a=1')
    expect(sent(lines, 'https://www.h.example/shopping')).toBe('a=1')
    expect(sent(['f=6'], 'https://www.h.example/x', 'https://www.h.example/y')).toBe('f=6')
  })

  test('as it was set last', () => {
    const jar = new CookieJar(() => now)
    jar.take(['a=1', 'b=2'], page)
    jar.take(['a=3'], page)
    expect([jar.headerFor(page), jar.version]).toEqual(['a=3; b=2', 3])
    jar.take(['a=3', 'b=; Max-Age=0', 'c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], page)
    expect([jar.headerFor(page), jar.version]).toEqual(['a=3', 4])
  })
})

describe('no cookie goes', () => {
  test('to another host, or unprotected where it is to be protected', () => {
    expect(sent(['a=b; Domain=h.example'], 'https://h.example/shop/')).toBeUndefined()
    expect(sent(['a=b'], 'https://www.h.example.evil.example/shop/')).toBeUndefined()
    expect(sent(['a=b; Secure'], 'http://www.h.example/shop/')).toBeUndefined()
  })

  test.each([
    'a=b; Domain=evil.example',
    'a=b; Domain=x.www.h.example',
    'a=b; Max-Age=-1',
    'a=b\u0007c',
    'a=\u20ac',
    '=',
    ' ; Path=/',
    `a=${'b'.repeat(5000)}`,
  ])('that was set by %j', (line) => expect(sent([line])).toBeUndefined())

  test('that is to be protected and came unprotected', () => {
    expect(sent(['a=b; Secure'], page, 'http://www.h.example/shop/')).toBeUndefined()
  })
})

test('cookies are bounded in number and in bytes, and the newest stay', () => {
  const jar = new CookieJar(() => now)
  for (let i = 0; i < 100; i++) jar.take([`n${i}=1`], page)
  expect(jar.headerFor(page)?.split('; ')).toEqual(Array.from({ length: 50 }, (_, i) => `n${i + 50}=1`))
  for (let i = 0; i < 9; i++) jar.take([`big${i}=${'x'.repeat(1000)}`], page)
  expect(jar.headerFor(page)).toBeUndefined()
})
