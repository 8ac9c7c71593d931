import { monthOf } from './date-months.ts'
import type { Fields } from './date-written.ts'

/** The years before the first of each era: of Japan (CLDR, calendar japanese) and of the Republic of China. */
const eras: Record<string, number> = { 令和: 2018, 平成: 1988, 昭和: 1925, 大正: 1911, 明治: 1867, 民國: 1911, 民国: 1911, R: 2018, H: 1988, S: 1925, T: 1911 }
/** Ours of the year 2500 of the Thai. */
const thaiCentury = 1957
const numerals = '〇一二三四五六七八九'
const numeral = '[〇○零元一二三四五六七八九十百]'
const space = String.raw`\s{0,2}`
const pattern = new RegExp(
  [
    // 令和元年5月5日, 令和2年（2020年）5月5日, 中華民國109年5月5日, 二〇二〇年五月五日; with a month alone.
    String.raw`(?:(?<era>令和|平成|昭和|大正|明治|民國|民国)${space}(?<count>\d{1,3}|${numeral}{1,5})|(?<year>[〇○零一二三四五六七八九]{4}))${space}年(?:\s?[(（][^)）\n]{1,8}[)）])?${space}(?<month>\d{1,2}|${numeral}{1,3})${space}月(?:${space}(?<day>\d{1,2}|${numeral}{1,3})${space}[日号號])?`,
    // R1.5.5, H30/4/1, 民國110/1/17
    String.raw`(?<![\p{L}\d.])(?<letter>[RHST]|(?:中[華华])?民[國国])\.?(?<short>\d{1,3})(?<separator>[./-])(?<shortMonth>\d{1,2})\k<separator>(?<shortDay>\d{1,2})(?![\d./-])`,
    // 20 พ.ค. 63
    String.raw`(?<!\d)(?<thaiDay>\d{1,2})\s{0,2}(?<thaiMonth>[\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e31-\u0e4e]?\.[\u0e01-\u0e2e]\.)\s{0,2}(?<thaiYear>[4-9]\d)(?!\d)`,
  ].join('|'),
  'gu',
)

/** Where letters stand for eras there is Japanese around, or nothing but the date. */
const hints = /[年民\u3040-\u30ff\u0e01-\u0e2e]|^[RHST]\.?\d/

/** Dates that count their years by an era, or write their numbers in Chinese. */
export function* eraDates(text: string): Generator<Fields> {
  if (!hints.test(text)) return
  for (const match of text.matchAll(pattern)) {
    const fields = fieldsOf(match.groups ?? {}, match.index, match.index + match[0].length)
    if (fields) yield fields
  }
}

function fieldsOf(groups: Record<string, string | undefined>, start: number, end: number): Fields | undefined {
  const thaiMonth = groups['thaiMonth'] === undefined ? undefined : monthOf(groups['thaiMonth'])
  if (thaiMonth !== undefined)
    return { year: thaiCentury + Number(groups['thaiYear']), month: thaiMonth, day: Number(groups['thaiDay']), precision: 'day', start, end }
  const before = eras[groups['era'] ?? groups['letter']?.slice(-2) ?? '']
  const count = numberOf(groups['count'] ?? groups['short'] ?? groups['year'] ?? '')
  const month = numberOf(groups['month'] ?? groups['shortMonth'] ?? '')
  const named = groups['day'] ?? groups['shortDay']
  const day = named === undefined ? 1 : numberOf(named)
  if (count === undefined || month === undefined || day === undefined) return undefined
  return { year: (before ?? 0) + count, month, day, precision: named === undefined ? 'month' : 'day', start, end }
}

/** `12`, `元` (the first year), `二〇二〇`, `二十一`, `一百零九`. */
function numberOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  if (text === '元') return 1
  const plain = text.replace(/[○零]/g, '〇')
  if (!/[十百]/.test(plain)) return digitsOf(plain)
  const [, hundreds, tens, ones = ''] = /^(?:([一二三四五六七八九]?)百)?〇?(?:([一二三四五六七八九]?)十)?([一二三四五六七八九]?)$/.exec(plain) ?? []
  const count = (digit: string | undefined): number => (digit === undefined ? 0 : digit === '' ? 1 : numerals.indexOf(digit))
  const sum = 100 * count(hundreds) + 10 * count(tens) + (ones === '' ? 0 : numerals.indexOf(ones))
  return sum > 0 ? sum : undefined
}

function digitsOf(plain: string): number | undefined {
  let value = 0
  for (const digit of plain) {
    const next = numerals.indexOf(digit)
    if (next < 0) return undefined
    value = value * 10 + next
  }
  return plain === '' ? undefined : value
}
