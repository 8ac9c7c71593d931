import { compareText } from '../compare-text.ts'
import { jsonCells, type JsonRecord } from './json-cell.ts'
import { appendText, endValue, reserve, type Page } from './page.ts'

/** No number is spelled longer: sign, 17 digits, point, exponent. */
const numberBytesMax = 32

/**
 * Appends the records of one column as canonical JSON, one after another. A record of numbers, as scores are, is spelled straight into the page: a string
 * of each would cost more than to compress it.
 */
export function recordAppender(): (page: Page, record: JsonRecord) => void {
  const toText = jsonCells()
  let shape = shapeOf({})
  return (page, record) => {
    let isKnown = takeNumbers(record, shape)
    if (isKnown === undefined) {
      shape = shapeOf(record)
      isKnown = takeNumbers(record, shape)
    }
    if (isKnown && shape.known.length > 0) appendNumbers(page, shape)
    else appendText(page, toText(record))
  }
}

/** What the records of a column have in common. */
interface Shape {
  /** Their keys in the order in which they have them. */
  known: readonly string[]
  /** For each key in sorted order: its place among `known`, the bytes in front of its value, four by four and little-endian, and how many they are. */
  places: Int32Array
  keys: readonly Int32Array[]
  lengths: Int32Array
  /** Of the record at hand, in the order of `known`. */
  numbers: Float64Array
  roomBytes: number
}

function shapeOf(record: JsonRecord): Shape {
  const known = Object.keys(record)
  const order = known.toSorted(compareText)
  const heads = order.map((key, n) => Buffer.from(`${n === 0 ? '{' : ','}${JSON.stringify(key)}:`))
  return {
    known,
    places: Int32Array.from(order, (key) => known.indexOf(key)),
    keys: heads.map(wordsOf),
    lengths: Int32Array.from(heads, (head) => head.length),
    numbers: new Float64Array(known.length),
    roomBytes: heads.reduce((sum, head) => sum + head.length + numberBytesMax, 0),
  }
}

/** Zeros fill the last word up. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const words = new DataView(new ArrayBuffer(4 * Math.ceil(bytes.length / 4)))
  bytes.forEach((byte, at) => words.setUint8(at, byte))
  return Int32Array.from({ length: words.byteLength / 4 }, (_, n) => words.getInt32(4 * n, true))
}

/** One pass over keys and values: so the engine finds both without a search. @returns false when a value is no number that JSON can say; undefined when the record has other keys */
function takeNumbers(record: JsonRecord, { known, numbers }: Shape): boolean | undefined {
  let at = 0
  let areNumbers = true
  // Faster than Object.keys, and a plain record inherits nothing enumerable.
  for (const key in record) {
    if (key !== known[at]) return undefined
    const value = record[key]
    if (typeof value === 'number' && Number.isFinite(value)) numbers[at] = value
    else areNumbers = false
    at++
  }
  return at === known.length ? areNumbers : undefined
}

function appendNumbers(page: Page, { places, keys, lengths, numbers, roomBytes }: Shape): void {
  reserve(page, 5 + roomBytes)
  const { bytes, view } = page
  let at = page.length + 4
  for (let n = 0; n < places.length; n++) {
    const key = keys[n] as Int32Array
    for (let word = 0; word < key.length; word++) view.setInt32(at + 4 * word, key[word] as number, true)
    at += lengths[n] as number
    at = writeNumber(bytes, at, numbers[places[n] as number] as number)
  }
  bytes[at++] = 0x7d
  endValue(page, at)
}

/** As ECMAScript spells it. Of up to four decimals the digits are those of a whole number; no shorter ones name the same double. @returns where it ends */
function writeNumber(bytes: Buffer, from: number, value: number): number {
  const scaled = Math.round(value * 1e4)
  if (scaled / 1e4 !== value || scaled > 0x7fffffff || scaled < -0x7fffffff) return from + bytes.write(String(value), from, 'latin1')
  let at = from
  if (scaled < 0) bytes[at++] = 0x2d
  const size = Math.abs(scaled) | 0
  const whole = (size / 1e4) | 0
  at = writeDigits(bytes, at, whole, digitsOf(whole))
  const fraction = size - whole * 1e4
  return fraction === 0 ? at : writeFraction(bytes, at, fraction)
}

/** Point and digits of so many ten-thousandths, without zeros behind. @returns where they end */
function writeFraction(bytes: Uint8Array, at: number, fraction: number): number {
  const hundredths = (fraction / 100) | 0
  const rest = fraction - hundredths * 100
  const [first, third] = [(hundredths / 10) | 0, (rest / 10) | 0]
  const [second, fourth] = [hundredths - first * 10, rest - third * 10]
  bytes[at] = 0x2e
  bytes[at + 1] = 0x30 + first
  bytes[at + 2] = 0x30 + second
  bytes[at + 3] = 0x30 + third
  bytes[at + 4] = 0x30 + fourth
  return at + (fourth > 0 ? 5 : third > 0 ? 4 : second > 0 ? 3 : 2)
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
