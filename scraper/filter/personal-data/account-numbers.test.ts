import { countrySpecs, composeIBAN } from 'ibantools'
import { describe, expect, test } from 'vitest'
import { replacePersonalData } from './personal-data.ts'

const clean = (text: string): string => replacePersonalData(text).text
const inFours = (iban: string): string => iban.replace(/.{4}(?=.)/g, '$& ')

describe('an IBAN', () => {
  test.each([
    // Of the registry of ISO 13616, countries whose length is easily mistaken.
    'AL47212110090000000235698741',
    'BI4210000100010000332045181',
    'BY13NBRB3600900000002Z00AB00',
    'CR05015202001026284066',
    'EG380019000500000000263180002',
    'FK88SC123456789012',
    'HN88CABF00000000000250005469',
    'IQ98NBIQ850123456789012',
    'LC55HEMM000100010012001200023015',
    'LY83002048000020100120361',
    'MN121234123456789123',
    'MT84MALT011000012345MTLCAST001S',
    'NI45BAPR00000013000003558124',
    'NO9386011117947',
    'OM810180000001299123456',
    'PL61109010140000071219812874',
    'RU0304452522540817810538091310419',
    'SC18SSCB11010000000000001497USD',
    'SD2129010501234001',
    'SO211000001001000100141',
    'SV62CENR00000000000000700025',
    'VA59001123000012345678',
    'YE15CBYE0001018861234567891234',
  ])('of its country: %s', (iban) => {
    for (const form of [iban, inFours(iban), inFours(iban).toLowerCase(), inFours(iban).replaceAll(' ', '-'), inFours(iban).replaceAll(' ', '\u00a0')])
      expect(clean(`Konto ${form}.`)).toBe('Konto [iban].')
  })
  test('is found wherever it begins, and ends where its country says', () => {
    expect(clean('in 12 months DE89 3704 0044 0532 0130 00 is due')).toBe('in 12 months [iban] is due')
    expect(clean('IBAN:DE 89 370400440532013000, BIC')).toBe('IBAN:[iban], BIC')
    expect(clean('账号DE89370400440532013000。')).toBe('账号[iban]。')
  })
  test('has the structure and the check digits of its country', () => {
    for (const text of [
      'DE89 3704 0044 0532 0130 01',
      'DE89 3704 0044 0532 0130 0',
      'DE89 3704 0044 0532 0130 000',
      'DE89  3704 0044 0532 0130 00',
      'ZZ89370400440532013000',
    ])
      expect(clean(text)).toBe(text)
    // Letters where Germany has digits.
    const letters = composeIBAN({ countryCode: 'GB', bban: 'WEST12345698765432' }) ?? ''
    expect(clean(letters)).toBe('[iban]')
    expect(clean(letters.replace(/^GB../, 'DE46'))).toBe(letters.replace(/^GB../, 'DE46'))
  })
  test('is looked for in all countries that have one', () =>
    expect(Object.values(countrySpecs).filter(({ IBANRegistry }) => IBANRegistry).length).toBeGreaterThan(75))
})

describe('the number of a card', () => {
  test.each([
    'Card 4532015112830366.',
    'I paid 4532 0151 1283 0366 with it',
    '"card": "4532-0151-1283-0366"',
    'Visa 4532015112830366, card no. 4222222222222',
    'cards:4532015112830366, 5425233430109903',
  ])('is replaced: %s', (text) => expect(clean(text)).toBe(text.replaceAll(/4532[ \d-]+0366|5425233430109903|4222222222222/g, '[card]')))
  test.each([
    'https://shop.org/item/4532015112830366 www.shop.org/4532015112830366 shop.org/a?x=1&n=4532015112830366',
    '/item/4532015112830366/x',
    '"id": 4532015112830366, "user_id":"4532015112830366", itemId=4532015112830366',
    'Order no. 4532015112830366, order #4532015112830366, tracking number: 4532015112830366, ISBN 4532015112830366',
    'sku-4532015112830366 a4532015112830366 0.4532015112830366 4532015112830366.5',
    'default_rng(348932549825235) [4220315081820346526, 6581432544381372042] at 4202165767276',
    '4532015112830367 4532 0151-1283 0366',
  ])('is none in %s', (text) => expect(clean(text)).toBe(text))
})
