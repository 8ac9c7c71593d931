import { hasKeys, jsonCells, type JsonRecord } from './json-cell.ts'
import { appendText, endText, reserve, type Page } from './page.ts'

/** No number is spelled longer: sign, 17 digits, point, exponent. */
const numberBytesMax = 32

/**
 * Appends the records of one column as canonical JSON, one after another. A record of numbers, as scores are, is spelled straight into the page: a string
 * of each would cost more than to compress it.
 */
export function recordAppender(): (page: Page, record: JsonRecord) => void {
  const toText = jsonCells()
  let known: string[] | undefined
  let order: string[] = []
  let keys: Uint8Array[] = []
  let roomBytes = 0
  return (page, record) => {
    if (!known || !hasKeys(record, known)) {
      known = Object.keys(record)
      order = known.toSorted((a, b) => (a < b ? -1 : 1))
      keys = order.map((key, n) => Buffer.from(`${n === 0 ? '{' : ','}${JSON.stringify(key)}:`))
      roomBytes = keys.reduce((sum, key) => sum + key.length + numberBytesMax, 0)
    }
    if (order.length === 0 || !appendNumbers(page, record, order, keys, roomBytes)) appendText(page, toText(record))
  }
}

/** @returns false, and nothing is appended, when a member is no number that JSON can say */
function appendNumbers(page: Page, record: JsonRecord, order: readonly string[], keys: readonly Uint8Array[], roomBytes: number): boolean {
  reserve(page, 5 + roomBytes)
  const { bytes } = page
  let at = page.length + 4
  for (let n = 0; n < order.length; n++) {
    const value = record[order[n] as string]
    if (typeof value !== 'number' || !Number.isFinite(value)) return false
    const key = keys[n] as Uint8Array
    for (let place = 0; place < key.length; place++) bytes[at++] = key[place] as number
    at = writeNumber(bytes, at, value)
  }
  bytes[at++] = 0x7d
  endText(page, at)
  return true
}

/** As ECMAScript spells it. Of up to four decimals the digits are those of a whole number; no shorter ones name the same double. @returns where it ends */
function writeNumber(bytes: Buffer, from: number, value: number): number {
  const scaled = Math.round(value * 1e4)
  if (scaled / 1e4 !== value || scaled > 0x7fffffff || scaled < -0x7fffffff) return from + bytes.write(String(value), from, 'latin1')
  let at = from
  if (scaled < 0) bytes[at++] = 0x2d
  const size = Math.abs(scaled)
  const whole = Math.floor(size / 1e4)
  at = writeDigits(bytes, at, whole, digitsOf(whole))
  let [fraction, digits] = [size - whole * 1e4, 4]
  if (fraction === 0) return at
  for (; fraction % 10 === 0; fraction /= 10) digits--
  bytes[at++] = 0x2e
  return writeDigits(bytes, at, fraction, digits)
}

/** With zeros in front up to so many digits. @returns where they end */
function writeDigits(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let left = value
  for (let place = at + digits - 1; place >= at; place--) {
    bytes[place] = 0x30 + (left % 10)
    left = (left / 10) | 0
  }
  return at + digits
}

const digitsOf = (whole: number): number => (whole < 10 ? 1 : whole < 100 ? 2 : whole < 1_000 ? 3 : whole < 10_000 ? 4 : whole < 100_000 ? 5 : 6)
