import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pageUrl, linkedUrl } from './canonical-url.ts'

const askedOf = (href: string, base?: string, charset?: string): string | undefined => {
  const linked = linkedUrl(href, base, charset)
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

  test('by the parse that browsers use, for any link of a page in UTF-8', () => {
    fc.assert(
      fc.property(href, fc.constantFrom(undefined, 'utf-8', 'utf-16le', 'x-user-defined', 'no charset'), (link, charset) => {
        const parsed = URL.parse(link, 'http://h.example/a/b?c')
        if (parsed) parsed.hash = ''
        const linked = linkedUrl(link, 'http://h.example/a/b?c', charset)
        expect(linked?.url).toBe(parsed ? pageUrl(parsed.href) : undefined)
        expect(linked?.asked ?? linked?.url ?? parsed?.href).toBe(parsed?.href)
      }),
      { numRuns: 3000 },
    )
  })

  test('and leads to the same page, however often it is taken', () => {
    fc.assert(
      fc.property(href, fc.constantFrom('utf-8', 'windows-1251', 'shift_jis', 'gbk', 'iso-2022-jp'), (link, charset) => {
        const linked = linkedUrl(link, 'http://h.example/a', charset)
        expect(linked && linkedUrl(linked.asked ?? linked.url, undefined, charset)).toEqual(linked)
      }),
      { numRuns: 3000 },
    )
  })
})

/** Percent-decodes the query of what is asked for. */
const bytesAsked = (query: string, charset: string): Buffer => {
  const { search } = new URL(askedOf(`http://h.example/?${query}`, undefined, charset) ?? '')
  return Buffer.from(
    search.slice(1).replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

describe('a query is written in the charset of its page', () => {
  test.each([
    ['windows-1251', 'Россия', '%D0%EE%F1%F1%E8%FF'],
    ['koi8-r', 'Россия', '%F2%CF%D3%D3%C9%D1'],
    ['windows-1252', 'café €', 'caf%E9%20%80'],
    ['iso-8859-1', 'Ü', '%DC'],
    ['iso-8859-2', 'żółw', '%BF%F3%B3w'],
    ['iso-8859-8-i', 'שלום', '%F9%EC%E5%ED'],
    ['windows-874', 'ไทย', '%E4%B7%C2'],
    ['gbk', '中文€', '%D6%D0%CE%C4%80'],
    ['gb2312', '镕', '%E9F'],
    ['gb18030', '€', '%A2%E3'],
    ['big5', '十中', '%A4Q%A4%A4'],
    ['euc-jp', '日本ｱ', '%C6%FC%CB%DC%8E%B1'],
    ['shift_jis', '表示ｱ−', '%95\\%8E%A6%B1%81|'],
    ['euc-kr', '한글', '%C7%D1%B1%DB'],
    ['iso-2022-jp', 'a日本ｱz', 'a%1B$BF|K\\%%22%1B(Bz'],
  ])('%s: %s', (charset, query, written) => {
    expect(askedOf(`/?q=${query}&r=1#ü`, 'http://h.example/', charset)).toBe(`http://h.example/?q=${written}&r=1`)
  })

  test('and what the charset lacks is a character reference, as a form would send it', () => {
    expect(askedOf('/?q=漢€', 'http://h.example/', 'iso-8859-2')).toBe('http://h.example/?q=%26%2328450%3B%26%238364%3B')
    expect(askedOf('/?q=日\u{1F600}本', 'http://h.example/', 'iso-2022-jp')).toBe('http://h.example/?q=%1B$BF|%1B(B%26%23128512%3B%1B$BK\\%1B(B')
  })

  test('while its path is in UTF-8', () => {
    expect(askedOf('/Россия?Р', 'http://h.example/', 'windows-1251')).toBe('http://h.example/%D0%A0%D0%BE%D1%81%D1%81%D0%B8%D1%8F?%D0')
  })

  const charsets = [
    'windows-1250',
    'windows-1253',
    'windows-1257',
    'koi8-u',
    'macintosh',
    'ibm866',
    'gbk',
    'gb18030',
    'big5',
    'euc-jp',
    'shift_jis',
    'euc-kr',
    'iso-2022-jp',
  ]
  test.each(charsets)('so that %s reads what was meant, or a reference', (charset) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'éßşЯж中文十日本カ한국語−a1'), maxLength: 12 }), (query) => {
        const read = new TextDecoder(charset).decode(bytesAsked(query, charset)).replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
        // The Japanese charsets write one sign for two that look alike.
        expect(read.replaceAll('－', '−')).toBe(query)
      }),
    )
  })
})
