import type { DayOrder } from './date-written.ts'
import { monthOf } from './date-months.ts'

const byParts = /(?<!\d)((?:19|20)\d\d)([/._-])(\d{1,2})\2(\d{1,2})(?!\d)/g
const inOne = /(?<!\d)(20[0-3]\d|199\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)/g
const byName = /(?<!\d)((?:19|20)\d\d)[/-](\p{L}{3,10})[/-](\d{1,2})(?!\d)/gu
const dayFirst = /(?<!\d)(\d{1,2})([/._-])(\d{1,2}|\p{L}{3,10})\2((?:19|20)\d\d)(?!\d)/gu
const monthAlone = /\/((?:19|20)\d\d)[/-](0[1-9]|1[0-2])(?!\d)/
const charsMax = 2000

export interface UrlDate {
  /** `YYYY-MM-DD`, or `YYYY-MM`. */
  value: string
  /** 0..1 */
  score: number
}

/** The date in a URL's path or, less sure, in its query. Of two dates, the last is the page's. */
export function urlDate(url: string, order: DayOrder): UrlDate | undefined {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  if (start < 0) return undefined
  // Without four digits there is no year.
  if (!/\d{4}/.test(url)) return undefined
  const [path = '', query = ''] = url.slice(start, start + charsMax).split(/[?#]/, 2)
  const day = dayIn(path, order)
  if (day) return { value: day.value, score: day.score }
  const asked = dayIn(query, order)
  if (asked) return { value: asked.value, score: asked.score * 0.8 }
  const month = monthAlone.exec(path)
  return month ? { value: `${month[1]}-${month[2]}`, score: 0.35 } : undefined
}

function dayIn(text: string, order: DayOrder): UrlDate | undefined {
  const parts = last(text, byParts)
  if (parts) return dated(parts[1], parts[3], parts[4], parts[2] === '/' ? 0.9 : 0.86)
  const whole = last(text, inOne)
  if (whole) return dated(whole[1], whole[2], whole[3], 0.8)
  const named = last(text, byName)
  const month = named?.[2] === undefined ? undefined : monthOf(named[2])
  if (named && month !== undefined) return dated(named[1], String(month), named[3], 0.9)
  const [, first = '', , second = '', year] = last(text, dayFirst) ?? []
  if (year === undefined) return undefined
  const name = monthOf(second)
  if (name !== undefined) return dated(year, String(name), first, 0.85)
  if (!/^\d/.test(second)) return undefined
  const isMonthFirst = Number(first) <= 12 && (Number(second) > 12 || order === 'month-first')
  return isMonthFirst ? dated(year, first, second, 0.7) : dated(year, second, first, 0.7)
}

const last = (text: string, pattern: RegExp): RegExpExecArray | undefined => [...text.matchAll(pattern)].at(-1) as RegExpExecArray | undefined

function dated(year = '', month = '', day = '', score: number): UrlDate | undefined {
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return undefined
  return { value: `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`, score }
}
