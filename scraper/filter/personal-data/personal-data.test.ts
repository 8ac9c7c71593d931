import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { replacePersonalData } from './personal-data.ts'

const clean = (text: string): string => replacePersonalData(text).text

describe('replaced by what it is', () => {
  test.each([
    ['Write to jane.doe+news@mail.gov.uk, or <bob@firma.de>.', 'Write to [email], or <[email]>.'],
    ['mailto:ada@lovelace.org?subject=x', 'mailto:[email]?subject=x'],
    ['"пётр@почта.рф"', '"[email]"'],
    ['const admin = "root@server.io" // code, too', 'const admin = "[email]" // code, too'],
    ['from 93.184.215.14 and [2606:2800:220:1:248:1893:25c8:1946]:443.', 'from [ip] and [[ip]]:443.'],
    ['http://93.184.215.14/x', 'http://[ip]/x'],
    ['IBAN: DE89 3704 0044 0532 0130 00, BIC X', 'IBAN: [iban], BIC X'],
    ['GB82WEST12345698765432', '[iban]'],
    ['FR14 2004 1010 0505 0001 3M02 606 soon', '[iban] soon'],
    ['Card 4111 1111 1111 1111 exp 12/29', 'Card [card] exp 12/29'],
    ['3782-822463-10005 or 5555555555554444', '[card] or [card]'],
    ['Call +1 (415) 555-2671 or +49 30 901820.', 'Call [phone] or [phone].'],
    ['+33 1 23 45 67 89, +441632960961', '[phone], [phone]'],
    ['(212) 736-5000 / 212-736-5000 / 1-800-356-9377', '[phone] / [phone] / [phone]'],
    ['Büro: 030 901820, 0171/1234567', 'Büro: [phone], [phone]'],
    ['020 7946 0958 and 01 42 68 53 00', '[phone] and [phone]'],
    ['0049 30 901820, 8 (800) 555-35-35', '[phone], [phone]'],
    ['02 9876 5432 and 03-5321-1234', '[phone] and [phone]'],
    ['Tel. 901 82034 Fax. 901 82035', 'Tel. [phone] Fax. [phone]'],
    ['Tel.: 9018 2034', 'Tel.: [phone]'],
    ['電話:03-1234-5678', '電話:[phone]'],
  ])('%s', (text, expected) => expect(clean(text)).toBe(expected))
  test('and counted', () => {
    expect(replacePersonalData('a@b.co, c@d.eu, 93.184.215.14, +49 30 901820').counts).toEqual({ email: 2, ip: 1, phone: 1 })
    expect(replacePersonalData('nothing').counts).toEqual({})
  })
})

describe('left alone', () => {
  test.each([
    ['reserved names', 'user@example.com root@host.example me@localhost x@y.test'],
    ['what only looks like an address', 'icon@2x.png git@github.com:a/b.git @scope/name pkg@1.2.3 a @ b.com'],
    ['private and reserved networks', '10.0.0.1 192.168.1.20 127.0.0.1 172.16.5.4 169.254.1.1 203.0.113.9 0.0.0.0 ::1 fe80::1 2001:db8::1 fd00::1'],
    ['versions and sections', 'v41.2.33.4 Chrome/120.0.80.0 version 91.4.77.1 §2.5.5.2 11.6.2.2 1.2.3.4.5 300.1.1.1'],
    ['names in code', 'std::vector<int> a::b fade::cafe 12:30:45 2024::x'],
    ['dates and times', '2024-01-02 2024-01-02T10:20:30Z 01.02.2024 12:30 02/01/2024 20240102 10:20:30.123456 1999-2004'],
    ['prices and quantities', '$1,234,567.89 1 234 567,89 € 100 000 000 +12.5 % 3.141592653589793 1e10 0.1234567890'],
    ['ids', '12345678901234567890 1234567890 978-3-16-148410-0 0-306-40615-2 #4155552671 deadbeef01234567 550e8400-e29b-41d4-a716-446655440000'],
    ['numbers that fail their check', 'DE89 3704 0044 0532 0130 01 4111 1111 1111 1112 XX12345678901234567890'],
    ['ranges and scores', '100-200-3000 1-2-3 10.1000/182 555-1234 404-500'],
    ['bytes and tables', '<Buffer 01 02 07 04 05 06> | 01 02 03 04 05 06 07 | 0x0123456789'],
    ['lists of numbers', '012 013 023 123 +1 2 3 4 5 6 7 8 9 036000 291452 01 2024 2025'],
    ['sums', 'a+12345678 1+234567890 x = 415 555 2671'],
  ])('%s', (_, text) => expect(clean(text)).toBe(text))
})

const pieces = fc.constantFrom(
  ...'a@b.co|x.y@mail.gov|1.2.3.4|93.184.215.14|2606:2800::1|DE89370400440532013000|DE89 3704 0044 0532 0130 00|4111 1111 1111 1111|4111111111111111'.split(
    '|',
  ),
  ...'+49 30 901820|(212) 736-5000|212-736-5000|01 42 68 53 00|0171/1234567|8 800|(0)|22-93-71|Tel: 123 45 67|Tel. |Phone |call |手机：| ext. 12|x5|%40| [at] | AT | DOT '.split(
    '|',
  ),
  ...'version |Chrome |/24|http://|id=|@|.|:|-|/| |  |[|]|(|)|+|0|1|42|2024|0171|abc|\n|[email]|[phone]|[phone] / |,|#|\\|~|$|%'.split('|'),
)

describe('the replacement', () => {
  test('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const once = clean(parts.join(''))
        expect(replacePersonalData(once)).toEqual({ text: once, counts: {} })
      }),
      { numRuns: 3000 },
    )
  })
  test('takes any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void expect(clean(clean(text))).toBe(clean(text))))
  })
})
