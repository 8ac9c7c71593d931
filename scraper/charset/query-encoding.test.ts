import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { decodeCharset } from './charset-kernel.ts'
import { withEncodedQuery } from './query-encoding.ts'

const askedOf = (href: string, charset: string): string | undefined => {
  const linked = linkedUrl(withEncodedQuery(href, charset), 'http://h.example/')
  return linked && (linked.asked ?? linked.url)
}

/** Percent-decodes the query of what is asked for. */
const bytesAsked = (query: string, charset: string): Buffer => {
  const { search } = new URL(askedOf(`/?${query}`, charset) ?? '')
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
    ['gb18030', '€é한ß\u{20000}', '%A2%E3%A8%A6%836%843%810%898%952%826'],
    ['gbk', 'ǹ\u20ac', '%A8%BF%80'],
    ['big5', '十中', '%A4Q%A4%A4'],
    ['euc-jp', '日本ｱ', '%C6%FC%CB%DC%8E%B1'],
    ['shift_jis', '表示ｱ−', '%95\\%8E%A6%B1%81|'],
    ['euc-kr', '한글', '%C7%D1%B1%DB'],
    ['euc-kr', '똠방각하', '%8Cc%B9%E6%B0%A2%C7%CF'],
    ['big5', '玜', '%FA%E1'],
    ['euc-jp', '①～纊', '%AD%A1%A1%C1%F9%A1'],
    ['iso-2022-jp', 'a日本ｱz', 'a%1B$BF|K\\%%22%1B(Bz'],
  ])('%s: %s', (charset, query, written) => {
    expect(askedOf(`/?q=${query}&r=1#ü`, charset)).toBe(`http://h.example/?q=${written}&r=1`)
  })

  test('and what the charset lacks is a character reference, as a form would send it', () => {
    expect(askedOf('/?q=漢€', 'iso-8859-2')).toBe('http://h.example/?q=%26%2328450%3B%26%238364%3B')
    expect(askedOf('/?q=日\u{1F600}本', 'iso-2022-jp')).toBe('http://h.example/?q=%1B$BF|%1B(B%26%23128512%3B%1B$BK\\%1B(B')
  })

  test('while its path is in UTF-8', () => {
    expect(askedOf('/Россия?Р', 'windows-1251')).toBe('http://h.example/%D0%A0%D0%BE%D1%81%D1%81%D0%B8%D1%8F?%D0')
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
        const read = decodeCharset(charset, bytesAsked(query, charset)).replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
        // The Japanese charsets write one sign for two that look alike.
        expect(read.replaceAll('－', '−')).toBe(query)
      }),
    )
  })
})
