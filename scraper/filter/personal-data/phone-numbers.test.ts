import phones from 'google-libphonenumber'
import { describe, expect, test } from 'vitest'
import { replacePersonalData } from './personal-data.ts'

const clean = (text: string): string => replacePersonalData(text).text

describe('the examples of libphonenumber, a fixed and a mobile number of each region', () => {
  const { PhoneNumberUtil, PhoneNumberFormat, PhoneNumberType } = phones
  const plans = PhoneNumberUtil.getInstance()
  const examples = plans
    .getSupportedRegions()
    .flatMap((region) => [PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE].map((type) => plans.getExampleNumberForType(region, type)))
    .filter((number) => number !== undefined && number !== null)
  /** Examples that are not found in what is written of them. */
  const missed = (write: (form: string) => string, format: number) =>
    examples.map((number) => plans.format(number, format)).filter((form) => clean(write(form)) !== write('[phone]'))

  test('are as many as they were', () => expect(examples.length).toBeGreaterThan(480))
  test.each<(form: string) => string>([(form) => form, (form) => `Call ${form}.`, (form) => `(${form}, Jane)`])('international: %s', (write) =>
    expect(missed(write, PhoneNumberFormat.INTERNATIONAL)).toEqual([]),
  )
  test.each(['Phone: ', 'Tel. ', 'Tel.: ', 'Telefon: ', 'Tél. ', 'Fax: ', 'тел. ', '手机：', '電話番号：', 'هاتف: ', 'โทร. ', '☎ ', 'Phone number: ', 'tel:'])(
    'national behind "%s"',
    (cue) => expect(missed((form) => `${cue}${form}`, PhoneNumberFormat.NATIONAL)).toEqual([]),
  )
  // Four digits behind a bare word may be a year or a model.
  test.each(['Phone ', 'Telephone\n', '전화 ', 'Telefon ', 'Mobiel ', 'телефон ', 'Teléfono '])('national behind "%s", longer than four digits', (cue) =>
    expect(missed((form) => `${cue}${form}`, PhoneNumberFormat.NATIONAL).filter((form) => form.length > 4)).toEqual([]),
  )
})

describe('a number is replaced', () => {
  test.each([
    ['Fon +49 (0)30 / 90 18 20-0', 'Fon [phone]'],
    ['Tel. (+49) 30 901820, Fax -21', 'Tel. [phone], Fax -21'],
    ['Tel.-Nr. 0171 1234567', 'Tel.-Nr. [phone]'],
    ['T +49 30 901820 F +49 30 901821', 'T [phone] F [phone]'],
    ['030 / 90 18 20', '[phone]'],
    ['(030) 901820 and (02) 9876 5432', '[phone] and [phone]'],
    ['(030 901820)', '([phone])'],
    ['MI 48076 (248) 796-5000, NY 10019 212-736-5000, $20 415/666-7777', 'MI 48076 [phone], NY 10019 [phone], $20 [phone]'],
    ['\\+49 30 901820', '[phone]'],
    ['(0 30) 90 18 20 und 0 (212) 345 67 89', '[phone] und [phone]'],
    ['03ー1234ー5678 03―1234―5678 电话：010—12345678', '[phone] [phone] 电话：[phone]'],
    ['02)123-4567, 031) 123-4567', '[phone], [phone]'],
    ['Tel:212-736-5000Fax:212-736-5001/2', 'Tel:[phone]Fax:[phone]'],
    ['1800-266-3762, 1300 975 707', '[phone], [phone]'],
    ['Llámenos al 932 12 34 56, zadzwoń pod numer 22 123 45 67', 'Llámenos al [phone], zadzwoń pod numer [phone]'],
    ['1) 020 7946 0958', '1) [phone]'],
    ['(+91) 628-454-3565 and 7 (495) 123-45-67', '[phone] and [phone]'],
    ['4156667777 ext. 12, my number is 4156667777', '[phone], my number is [phone]'],
    ['тел. (3852) 22-93-71, 22-93-72', 'тел. [phone], [phone]'],
    ['電話番号：03（1234）5678、連絡先：09012345678', '電話番号：[phone]、連絡先：[phone]'],
    ['+44 (0)20 7946 0958 or 0044 20 7946 0958', '[phone] or [phone]'],
    ['01.42.68.53.00, joignable', '[phone], joignable'],
    ['0,5 kg, tél : 0142685300', '0,5 kg, tél : [phone]'],
    ['06-12345678 / 020-6221122', '[phone] / [phone]'],
    ['8 (495) 123-45-67, 8-800-555-35-35', '[phone], [phone]'],
    ['звоните 88005553535', 'звоните [phone]'],
    ['138-0013-8000 或 +86 138 0013 8000', '[phone] 或 [phone]'],
    ['联系电话010-12345678转801', '联系电话[phone]'],
    ['お電話は０３－１２３４－５６７８、090-1234-5678まで', 'お電話は[phone]、[phone]まで'],
    ['010-1234-5678로 연락', '[phone]로 연락'],
    ['جوال: ٠٥٠١٢٣٤٥٦٧', 'جوال: [phone]'],
    ['(11) 96123-4567', '[phone]'],
    ['+1.415.555.2671 and +1 (555) 555-0199', '[phone] and [phone]'],
    ['Call us at 2127365000 today', 'Call us at [phone] today'],
    ['Phone (office): 212 736 5000', 'Phone (office): [phone]'],
    ['Tel: 030 901820 / 901 82122 or 0171 1234567', 'Tel: [phone] / [phone] or [phone]'],
    ['"phone": "2127365000", phone=2127365000', '"phone": "[phone]", phone=[phone]'],
    ['tel:+12127365000;ext=12 https://wa.me/491711234567', 'tel:[phone] https://wa.me/[phone]'],
  ])('%s', (text, expected) => expect(clean(text)).toBe(expected))
  test.each(['x12', ' x 12', ' ext. 12', ', ext 12', ' extension 12', ' Durchwahl -12', ' доб. 12', '转12', ' 内線12', '#12', ';ext=12'])(
    'with its extension: %s',
    (extension) => expect(clean(`+1-415-555-2671${extension}, please`)).toBe('[phone], please'),
  )
})

describe('a number is none of a telephone', () => {
  test.each([
    ['bounds of integers', '-2147483648 to +2147483647, +4294967295, +9223372036854775807, +32767'],
    ['ZIP codes', 'Boston, MA 02110-1301, USA; New York 10027-6902; 01002-9702'],
    ['draws of a lottery', 'Les numéros 04 08 15 16 23 sont sortis; 07 33 12 25 41; 05 12 28 44 61 12; Winning numbers: 07 63 12 55 41; Loto 04.11.23.35.42'],
    ['numbers of books and journals', 'ISBN 0-8044-2957-X, 978-0-306-40615-7, ISBN 3 7657 2781 8, ISSN 0378-5955'],
    ['citations', 'J. Chem. 12 (2010) 1234-5678; 116, 061102 (2016) 061-102; pp. 1234-1250; doi:10.1016/0031-9384(94)90001-9; arXiv:0704.0001'],
    ['patents and cases', 'US 2004/0122811 A1, EP 1 234 567 B1, case 0212-1234567'],
    ['dates, times, spans of years', '01 02 2024, 2024.01.02, 2024-01-02T10:20:30+0200, 1990-1995 2000, 2001-2005 2006'],
    ['places', '52.520008, 13.404954; +40.7128-074.0060/; 40.7128 N 074.0060 W; RA 05 35 17.3 Dec -05 23 28'],
    ['prices and quantities', '12 345 678 people, 1.234.567,89 €, +1 000 000, +33 000 000, +45 123 456 %, 0171 1234567 %'],
    ['decimals', '+35236450.6 +33.123456789 -12.345678901 0.0123456789'],
    ['games', '1. e4 e5 2. Nf3; 6-4 7-6 (7-5) 6-7; 324/7 (50 ov) 245-8'],
    ['hashes and ids', '0123456 a0171 1234567 #02079460958 id: 0171 1234567, Bestellnummer 030 901820, Art.-Nr. 030 901820'],
    ['what is shipped', 'tracking number 9400 1000 0000 0000 0000 00, 0201 2345 6789 0123'],
    ['parts of URLs', 'https://shop.org/item/212-736-5000/x https://a.org/?id=02079460958 www.a.org/030-901820'],
    ['numbers of people', 'SSN 078-05-1120, VAT DE123456789, DE 811 907 980'],
    ['lists', '00 01 02 03 04 05 06 07, 012 013 023 123 024, 2020 2021 2022 2023, +1 2 3 4 5 6 7 8 9 10'],
    [
      'words that name a telephone and no number',
      'iPhone 12 2020 2021, Windows Phone 8.10.14219.341, phone 13 Pro 256 GB, mobile 4.0 2023-2024, Tel Aviv 2020',
    ],
    ['what else stands behind such a word', 'Phone 2020, Phone: 12/24/2024, Phone: 192.168.1.10, phone 100.50 USD, call 911, hotline 24/7, call 10 20 30'],
    ['measures', '12 7/8 - 14 12/34 - 5, 12.1 - 23.71 - 23.45, 80.585 [79.964, 81.191], 1979-2011 100'],
    ['postal codes and models', 'CEP 05.426-200, HP 9000/715, Best Phones Under 10000, 智能手机4500万部'],
    ['other numbers with a word', 'QQ号码: 562283270, 订单号码：12345678, reach 50000000 people'],
    ['letters for digits', 'Phone: 1-800-UCD-4-KIDS'],
    ['money', '$415-666-7777, 415-666-7777$, 415-666-7777%'],
    ['sums', '3 + 49 30 901820, 1+4930901820, = 0171 1234567, €0171 1234567'],
    ['a postal code behind a number', 'x 75001 Paris, 10115 Berlin'],
  ])('%s', (_, text) => expect(clean(text)).toBe(text))
  test('nor is what stands behind one', () => expect(clean('+49 30 901820, 10115 Berlin, 12.03.2024, 2024')).toBe('[phone], 10115 Berlin, 12.03.2024, 2024'))
  test('in a table of numbers that no country has', () => {
    const table = Array.from({ length: 300 }, (_, n) => `+999 1234 ${5000 + n}`).join('\n')
    expect(clean(`${table}\n020 7946 0958\nTel. 020 7946 0958`)).toBe(`${table}\n020 7946 0958\nTel. [phone]`)
    expect(clean('+999 1234 5678\n020 7946 0958')).toBe('+999 1234 5678\n[phone]')
  })
})
